/**
 * Makes calls one after the other until the event loop has turned for them, as a process of its own or as a worker
 * thread, and then has nothing more to do: `node busy-process.js SOCKET`. Reports that it has turned.
 */
import { parentPort, workerData } from "node:worker_threads";
import { turns } from "../../dist/busy-poll/turns.js";
import { BackendService } from "../../dist/gen/vyra/ipc/backend_service_pb.js";
import { createChannel } from "../../dist/index.js";

const client = createChannel(workerData ?? process.argv[2]).client(BackendService);
while (turns.count === 0) {
  await client.processData({ data: "again" });
}
if (parentPort === null) {
  process.stdout.write("turned\n");
} else {
  parentPort.postMessage("turned\n");
}
