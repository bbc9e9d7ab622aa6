/** Starts the three of them, and ends the two that serve when the first has had its answer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const storage = start("storage");
const backend = start("backend");
const frontend = start("frontend");
const [code] = await once(frontend, "exit");
for (const server of [backend, storage]) {
  const ended = once(server, "exit");
  server.kill();
  await ended;
}
process.exitCode = code ?? 1;

/** @param {string} name the script's, without its ending */
function start(name) {
  return spawn(process.execPath, [fileURLToPath(new URL(`${name}.mjs`, import.meta.url))], { stdio: "inherit" });
}
