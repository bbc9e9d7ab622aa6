import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { it } from "node:test";
import { type Client as ClientOf, Code } from "@connectrpc/connect";
import { createChannel, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { clientEngines, freshName, pathOf } from "../support/engines.js";
import { all, failure, iterate } from "../support/expect.js";
import { onHeaders } from "../support/raw.js";
import { goAway, noSettings } from "../support/wire.js";

leaveNothingBehind();

type Client = ClientOf<typeof EchoService>;

/** A server that sends GOAWAY for all calls on the first connections, and behaves normally on the others. */
async function leavingServer(times: number, code: number) {
  const [name, realName] = [freshName(), freshName()];
  const echo = createEcho();
  const real = await serve({ socket: realName, signals: false, routes: (router) => router.service(EchoService, echo) });
  const sockets: Socket[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    if (connections++ < times) {
      socket.write(noSettings);
      onHeaders(socket, () => socket.write(goAway(0, code)));
    } else {
      const other = connect(pathOf(realName)).on("error", () => {});
      sockets.push(other);
      socket.pipe(other).pipe(socket);
    }
  });
  server.listen(pathOf(name));
  await once(server, "listening");
  return {
    name,
    echo,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
      await real.close();
    },
  };
}

for (const engine of clientEngines) {
  it(`${engine} makes a call anew that the server said in a GOAWAY it had not looked at`, async () => {
    const calls = {
      unary: async (client: Client) => [await client.unary({ text: "a" })],
      "server streaming": (client: Client) => all(client.serverStream({ text: "a", count: 1 })),
    };
    for (const [kind, call] of Object.entries(calls)) {
      // The engine "direct" does not keep the requests of a stream that it has sent, so it cannot send them again.
      if (engine === "direct" && kind !== "unary") {
        continue;
      }
      await using t = await leavingServer(3, 0);
      await using channel = createChannel(t.name, { engine, timeoutMs: 60_000 });
      assert.equal((await call(channel.client(EchoService)))[0]?.text, "a", kind);
      assert.equal(t.connections, 4);
      assert.equal(t.echo.calls, 1);
    }
  });

  it(`${engine} gives up after 17 connections`, async () => {
    await using t = await leavingServer(Number.POSITIVE_INFINITY, 0);
    await using channel = createChannel(t.name, { engine, timeoutMs: 60_000 });
    await failure(channel.client(EchoService).unary({}), Code.Unavailable);
    assert.equal(t.connections, 17);
  });

  it(`${engine} leaves it to the caller where several requests have been sent`, async () => {
    await using t = await leavingServer(1, 0);
    await using channel = createChannel(t.name, { engine, timeoutMs: 60_000 });
    await failure(channel.client(EchoService).clientStream(iterate([{ text: "a" }])), Code.Unavailable);
    assert.equal(t.connections, 1);
  });
}
