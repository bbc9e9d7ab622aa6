/** Runs the module: the backend and the frontend, until the frontend ends. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const backend = run("./backend.js");
const frontend = run("./frontend.js");
const [exitCode] = await once(frontend, "exit");
backend.kill("SIGTERM");
process.exitCode = exitCode ?? 1;

function run(file: string) {
  return fork(fileURLToPath(new URL(file, import.meta.url)));
}
