/** Starts the three of them, and ends the two that serve when the first has had its answer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const [storage, backend, frontend] = ["storage", "backend", "frontend"].map((name) =>
  spawn(process.execPath, [fileURLToPath(new URL(`${name}.mjs`, import.meta.url))], { stdio: "inherit" }),
);
const [code] = await once(frontend, "exit");
for (const server of [backend, storage]) {
  const ended = once(server, "exit");
  server.kill();
  await ended;
}
process.exitCode = code ?? 1;
