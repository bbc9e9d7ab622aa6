// A server in its own thread whose event loop is blocked most of the time: it is alive, but slow to acknowledge PINGs.
import { createServer } from "node:http2";
import { parentPort, workerData } from "node:worker_threads";

/** How long the event loop is blocked at a time, and how long it is free in between, in milliseconds. */
const blockedMs = 200;
const awakeMs = 10;

const { path } = workerData as { path: string };
const server = createServer();
server.on("session", (session) => session.on("error", () => {}));
server.on("stream", (stream) => {
  stream.on("error", () => {});
  stream.resume();
  parentPort?.once("message", () => {
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
  });
  parentPort?.postMessage("called");
});
server.listen(path, () => parentPort?.postMessage("listening"));

const pause = new Int32Array(new SharedArrayBuffer(4));
function block(): void {
  Atomics.wait(pause, 0, 0, blockedMs);
  setTimeout(block, awakeMs);
}
block();
