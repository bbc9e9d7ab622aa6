import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Code } from "@connectrpc/connect";
import { createChannel, NotProcessedError } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { clientEngines, freshName, pathOf } from "../support/engines.js";
import { failure } from "../support/expect.js";
import { bytesOf, Type } from "../support/wire.js";

leaveNothingBehind();

for (const engine of clientEngines) {
  describe(`keep-alive of the engine ${engine}`, () => {
    it("does not give up a living server because this process was busy", async () => {
      const name = freshName();
      const server = new Worker(new URL("../support/busy-server.js", import.meta.url), {
        workerData: { path: pathOf(name) },
      });
      await once(server, "message");
      await using channel = createChannel(name, { engine, keepAliveIntervalMs: 20, keepAliveTimeoutMs: 1_500 });
      // The call ends with the server's own status, so the client did not give the connection up.
      const call = failure(channel.client(EchoService).unary({}, { timeoutMs: 60_000 }), Code.NotFound);
      await once(server, "message");
      const pause = new Int32Array(new SharedArrayBuffer(4));
      for (let i = 0; i < 2; i++) {
        await delay(300); // a PING has been sent, and most probably waits for its answer
        Atomics.wait(pause, 0, 0, 1_700);
      }
      await delay(300);
      server.postMessage("answer");
      await call;
      await server.terminate();
    });

    it("gives up a server that is silent, with Unavailable", async () => {
      const name = freshName();
      const sockets: Socket[] = [];
      const server = createServer((socket) => {
        sockets.push(socket.on("error", () => {}));
        socket.write(bytesOf({ type: Type.SETTINGS, flags: 0, streamId: 0, payload: Buffer.alloc(0) }));
        socket.resume();
      });
      server.listen(pathOf(name));
      await once(server, "listening");
      await using channel = createChannel(name, { engine, keepAliveIntervalMs: 20, keepAliveTimeoutMs: 40 });
      const error = await failure(channel.client(EchoService).unary({}, { timeoutMs: 60_000 }), Code.Unavailable);
      assert.ok(!(error.cause instanceof NotProcessedError));
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    });
  });
}
