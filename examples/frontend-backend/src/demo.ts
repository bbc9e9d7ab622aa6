/**
 * `node demo.js`: starts the backend and the frontend as processes of their own, does with them what a supervisor and a
 * visitor of the page would do, kills the backend and starts it again, and says what happens. With `--serve` it keeps
 * the page up instead, until Ctrl-C.
 */
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { resolveSocket, serve } from "@vyra/ipc";
import { keepPageUp } from "./keep-page-up.js";
import { tour } from "./tour.js";

const { values: options } = parseArgs({ options: { serve: { type: "boolean", default: false } } });

// A module's socket is /tmp/<module>_ipc.sock. With the pid in the name, two demos can run at once.
const module = `demo_${process.pid}`;
const { path } = resolveSocket(module);

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    interrupt.abort();
    process.exitCode = options.serve ? 0 : 128 + constants.signals[signal]; // it is how --serve is meant to end
  });
}

try {
  await (options.serve ? keepPageUp(module, interrupt.signal) : tour(module, interrupt.signal));
} catch (error) {
  if (!interrupt.signal.aborted) {
    throw error;
  }
} finally {
  await removeDeadSocket();
  console.log(`\nBoth processes have ended, and ${path} is gone.`);
}

/** A backend that was killed leaves its socket behind. Serving takes a dead one over, and closing gives the name up. */
async function removeDeadSocket(): Promise<void> {
  if (path !== undefined && existsSync(path)) {
    const server = await serve({ socket: module, routes: () => {}, signals: false });
    await server.close();
  }
}
