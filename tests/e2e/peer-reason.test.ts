import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Code } from "@connectrpc/connect";
import { ConnectionError } from "@vyra/http2";
import { createChannel, NotProcessedError } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { clientEngines, freshName, pathOf } from "../support/engines.js";
import { failure } from "../support/expect.js";
import { onHeaders } from "../support/raw.js";
import { goAway, noSettings } from "../support/wire.js";

leaveNothingBehind();

/** Returns the reason that the peer gave, from the cause of the error. */
function reasonIn(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof ConnectionError) {
      return e.peerReason;
    }
  }
  return undefined;
}

for (const engine of clientEngines) {
  /** Returns the error of a call to a server that does this with each connection. */
  async function errorFrom(onConnection: (socket: Socket) => void, code: Code) {
    const name = freshName();
    const server = createServer((socket) => {
      socket.on("error", () => {});
      onConnection(socket);
    });
    server.listen(pathOf(name));
    await once(server, "listening");
    await using channel = createChannel(name, { engine, timeoutMs: 60_000 });
    const error = await failure(channel.client(EchoService).unary({}), code);
    await new Promise((resolve) => server.close(resolve));
    return { error, path: pathOf(name) };
  }

  describe(`a server's reason to hang up, to the engine ${engine},`, () => {
    it("is in the message of the calls it ends, and in their cause", async () => {
      const { error, path } = await errorFrom((socket) => {
        socket.write(noSettings);
        onHeaders(socket, () => socket.end(goAway(1, 11, "too_many_pings")));
      }, Code.Unavailable);
      assert.equal(error.rawMessage, `lost the connection to ${path} (ENHANCE_YOUR_CALM: too_many_pings)`);
      assert.equal(reasonIn(error), "ENHANCE_YOUR_CALM: too_many_pings");
      assert.ok(!(error.cause instanceof NotProcessedError));
    });

    it("is there when it was none of the caller's doing: its connection has become too old", async () => {
      const { error, path } = await errorFrom((socket) => {
        socket.write(noSettings);
        onHeaders(socket, () => socket.end(goAway(1, 0, "max_age")));
      }, Code.Unavailable);
      assert.equal(error.rawMessage, `lost the connection to ${path} (NO_ERROR: max_age)`);
      assert.equal(reasonIn(error), "NO_ERROR: max_age");
    });

    it("is in the cause of the calls it has not looked at", async () => {
      const { error } = await errorFrom((socket) => {
        socket.write(noSettings);
        onHeaders(socket, () => socket.end(goAway(0, 0, "max_age")));
      }, Code.Unavailable);
      assert.ok(error.cause instanceof NotProcessedError);
      assert.match(`${inspect(error)}`, /NO_ERROR: max_age/);
    });

    it("is in the message of the calls for which the connection has not even begun", async () => {
      const { error, path } = await errorFrom((socket) => {
        socket.resume();
        socket.end(Buffer.concat([noSettings, goAway(0, 11, "go away")]));
      }, Code.Unavailable);
      assert.equal(
        error.rawMessage,
        `the server at ${path} closed the connection before it had begun (ENHANCE_YOUR_CALM: go away)`,
      );
      assert.ok(error.cause instanceof NotProcessedError);
    });
  });
}
