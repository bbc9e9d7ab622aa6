import nodeIpc from "node-ipc";
import type { Connection } from "../../load/connection.js";
import { clientProgram } from "../../program/client-program.js";

interface Message {
  readonly id: number;
  readonly payload: string;
}

let connections = 0;

await clientProgram((address, job) => {
  const ipc = new nodeIpc.IPC();
  ipc.config.silent = true;
  const name = String(connections++);
  const text = "a".repeat(job.payloadBytes);
  return new Promise<Connection>((resolve) => {
    ipc.connectTo(name, address, () => {
      const server = ipc.of[name] as NonNullable<(typeof ipc.of)[string]>; // connectTo has just created it
      const waiting = new Map<number, (bytes: number) => void>();
      let calls = 0;
      server.on("echo", ({ id, payload }: Message) => {
        const done = waiting.get(id);
        waiting.delete(id);
        done?.(payload.length);
      });
      server.on("connect", () => {
        resolve({
          call(_payload, done) {
            waiting.set(calls, done);
            server.emit("echo", { id: calls++, payload: text } satisfies Message);
          },
        });
      });
    });
  });
});
