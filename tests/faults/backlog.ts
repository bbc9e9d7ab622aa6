import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { client, type Fault, failsWith, isServed, ms, wasNotProcessed } from "./fault.js";
import { Process } from "./process.js";

/** The server does not accept connections, and the kernel's queue for them is full. */
export const backlog: Fault = async ({ socket, engine }) => {
  const server = await new Process().serve({ options: { socket, engine } });
  const early = client(socket);
  await early.echo.unary({});
  server.signal("SIGSTOP");
  const queued: Socket[] = [];
  for (let isFull = false; !isFull; ) {
    assert.ok(queued.length < 20_000, "the queue has no end");
    const batch = await Promise.all(Array.from({ length: 64 }, () => tryConnect(socket)));
    for (const one of batch) {
      if (one === undefined) {
        isFull = true;
      } else {
        queued.push(one);
      }
    }
  }
  const late = client(socket);
  const error = await failsWith(late.echo.unary({}), Code.Unavailable);
  assert.match(error.message, /EAGAIN/);
  assert.ok(wasNotProcessed(error), "it certainly was not processed");
  const starter = new Process();
  const answer = await starter.trySocket({ options: { socket, engine } });
  assert.equal(answer.did === "failed" && answer.name, "AddressInUseError", "a full queue is no dead server");
  await starter.kill();

  server.signal("SIGCONT");
  assert.equal((await early.echo.unary({ text: "early" })).text, "early");
  for (const one of queued) {
    one.destroy();
  }
  assert.equal((await late.echo.unary({ text: "late" })).text, "late");
  const newcomerMs = await isServed(socket);
  await early.close();
  await late.close();
  await server.kill();
  return [
    `full after ${queued.length} connections: the next call got Unavailable (EAGAIN), never processed`,
    "a starter got AddressInUseError",
    `when the server went on, all were served (a newcomer in ${ms(newcomerMs)})`,
  ].join("; ");
};

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.on("error", () => {});
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EAGAIN" ? resolve(undefined) : reject(error),
    );
  });
}
