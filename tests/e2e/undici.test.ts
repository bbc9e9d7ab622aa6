import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { createChannel, NotProcessedError } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName, type Pair, pathOf, serverEngines, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";
import { rawServer } from "../support/raw.js";

leaveNothingBehind();

// Behaviour in which the engine corrects undici. The other tests cover what all engines have in common.
for (const server of serverEngines) {
  const pair: Pair = { client: "undici", server };

  describe(`the engine undici, to ${server},`, () => {
    it("has one connection for all calls, streams and large messages among them", async () => {
      await using t = await setUp(pair);
      await using relay = await countConnections(t.server.address);
      const channel = createChannel(relay.path, { engine: "undici" });
      const client = channel.client(EchoService);
      const payload = new Uint8Array(100_000);
      await Promise.all(
        Array.from({ length: 20 }, () => [
          client.unary({ payload, delayMs: 20 }),
          all(client.serverStream({ count: 3, delayMs: 10 })),
          client.clientStream(iterate([{ payload }, { payload }])),
          all(client.bidiStream(iterate([{ payload, delayMs: 10 }, { payload }]))),
        ]).flat(),
      );
      assert.equal(relay.connections, 1);
      await channel.close();
    });

    it("lets a server wait for a reader that does not keep up", async () => {
      let sent = 0;
      const count = 2_000;
      await using t = await setUp(pair, {
        routes: (router) =>
          router.rpc(EchoService.method.serverStream, async function* () {
            for (; sent < count; sent++) {
              yield { index: sent, payload: new Uint8Array(20_000) };
            }
          }),
      });
      const indexes: number[] = [];
      for await (const { index, payload } of t.client.serverStream({})) {
        assert.equal(payload.length, 20_000);
        if (indexes.push(index) === 1) {
          for (let before = -1; sent > before; ) {
            before = sent;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          assert.ok(sent < count / 2, `${sent} of ${count} sent`);
        }
      }
      assert.deepEqual(
        indexes,
        Array.from({ length: count }, (_, i) => i),
      );
    });

    it("carries more at once than Node.js lets undici's connection hold", async () => {
      await using t = await setUp(pair, {}, { timeoutMs: 60_000 });
      const payload = new Uint8Array(4 * 1024 * 1024).map((_, i) => i * 7);
      const responses = await Promise.all(Array.from({ length: 8 }, () => t.client.unary({ payload })));
      assert.ok(responses.every((response) => Buffer.from(payload.buffer).equals(response.payload)));
    });

    it("is not disturbed by metadata that belongs to HTTP", async () => {
      await using t = await setUp(pair);
      const headers = {
        connection: "close",
        host: "elsewhere",
        "http2-settings": "AA",
        "keep-alive": "1",
        "proxy-connection": "close",
        "transfer-encoding": "chunked",
        upgrade: "websocket",
        "echo-mine": "kept",
      };
      const { text } = await t.client.unary({ text: "all the same" }, { headers });
      assert.equal(text, "all the same");
      assert.equal(t.echo.last?.requestHeader.get("echo-mine"), "kept");
      assert.equal((await t.client.unary({ text: "next" })).text, "next");
    });
  });
}

describe("the engine undici", () => {
  it("sends a call once, whatever becomes of it", async () => {
    const name = freshName();
    let calls = 0;
    await using server = await rawServer(pathOf(name), (stream, headers) => {
      calls++;
      if (String(headers[":path"]).endsWith("/Unary")) {
        stream.close(7); // REFUSED_STREAM: undici 8 would send it again
      } else {
        server.hangUp(); // undici would connect again, and send what was not its own
      }
    });
    assert.ok(server.http2.listening);
    const channel = createChannel(name, { engine: "undici" });
    const client = channel.client(EchoService);
    const refused = await failure(client.unary({}), Code.Unavailable);
    assert.ok(refused.cause instanceof NotProcessedError);
    assert.equal(calls, 1);
    const lost = await Promise.all(
      Array.from({ length: 5 }, () => failure(client.unaryIdempotent({}), Code.Unavailable)),
    );
    assert.ok(lost.some((error) => !(error.cause instanceof NotProcessedError)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(calls <= 6, `${calls} calls`);
    await channel.close();
  });

  it("says CANCEL to the server, and in time", async () => {
    const name = freshName();
    const codes: number[] = [];
    let opened = 0;
    await using server = await rawServer(pathOf(name), (stream) => {
      opened++;
      stream.resume();
      stream.once("close", () => codes.push(stream.rstCode));
    });
    assert.ok(server.http2.listening);
    const channel = createChannel(name, { engine: "undici" });
    const client = channel.client(EchoService);
    const controller = new AbortController();
    const { signal } = controller;
    const calls = Promise.all([
      failure(client.unary({}, { signal, timeoutMs: 60_000 }), Code.Canceled),
      failure(all(client.serverStream({}, { signal })), Code.Canceled),
      failure(all(client.bidiStream(never(), { signal })), Code.Canceled),
    ]);
    await until(() => opened === 3, "the calls have come");
    controller.abort();
    await calls;
    await until(() => codes.length === 3, "the streams have been reset");
    assert.deepEqual(codes, [8, 8, 8]);
    await channel.close();
  });
});

async function* never(): AsyncIterable<object> {
  yield {};
  await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Forwards bytes to a server, and counts the connections. */
async function countConnections(address: string): Promise<AsyncDisposable & { path: string; connections: number }> {
  const path = pathOf(freshName());
  const sockets = new Set<Socket>();
  const relay = {
    path,
    connections: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((inbound) => {
    relay.connections++;
    const outbound = connect({ path: pathOf(address) });
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {}).pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return relay;
}
