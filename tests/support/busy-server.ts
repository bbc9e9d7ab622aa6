// A server in a thread of its own that is alive and slow: its event loop is blocked most of the time, so PINGs wait for
// their answers.
import { createServer } from "node:http2";
import { parentPort, workerData } from "node:worker_threads";

/** For how long it is blocked at a time, and in between for how long it is not, in milliseconds. */
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
