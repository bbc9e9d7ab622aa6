// A user's test that has replaced timers and clocks can make calls, and the deadlines of the calls are real.
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { Code } from "@connectrpc/connect";
import { createChannel, retry, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { clientEngines, freshName, type Pair, serverEngines, setUp } from "../support/engines.js";
import { all, failure, iterate } from "../support/expect.js";
import { withFrozenTimers } from "../support/frozen-timers.js";

leaveNothingBehind();

/** Starts a server and a channel, makes calls of each kind, and closes both. */
async function everything(pair: Pair): Promise<void> {
  await using t = await setUp(pair);
  await t.channel.ready();
  assert.equal((await t.client.unary({ text: "one" })).text, "one");
  assert.equal((await all(t.client.serverStream({ text: "many", count: 3 }))).length, 3);
  assert.equal((await t.client.clientStream(iterate([{ text: "a" }, { text: "b" }]))).text, "ab");
  assert.equal((await all(t.client.bidiStream(iterate([{ text: "a" }, { text: "b" }])))).length, 2);
  await failure(t.client.unary({ fault: { code: Code.NotFound, message: "nobody" } }), Code.NotFound);
}

describe("while timers and clocks stand still", () => {
  for (const server of serverEngines) {
    it(`the direct engine calls a server of engine "${server}", and asks nothing of them`, async () => {
      const asked = await withFrozenTimers(() => everything({ client: "direct", server }));
      // connect-node, which the engine "node" uses, has its own timers.
      assert.deepEqual(server === "direct" ? [...asked] : [], []);
    });
  }

  it('the engine "node" calls as well', async () => {
    await withFrozenTimers(() => everything({ client: "node", server: "direct" }));
  });

  for (const client of clientEngines) {
    it(`a deadline passes in real time on the engine "${client}"`, async () => {
      await withFrozenTimers(async () => {
        await using t = await setUp({ client, server: "direct" }, {}, { timeoutMs: 50 });
        await failure(t.client.unary({ fault: { hang: true } }), Code.DeadlineExceeded);
        await failure(t.client.unary({ fault: { hang: true } }, { timeoutMs: 20 }), Code.DeadlineExceeded);
        await failure(all(t.client.serverStream({ fault: { hang: true } }, { timeoutMs: 20 })), Code.DeadlineExceeded);
      });
    });
  }

  it("retry() pauses in real time", async () => {
    await withFrozenTimers(async () => {
      const socket = freshName();
      const channel = createChannel(socket, { interceptors: [retry({ maxAttempts: 2 })] });
      const error = await failure(channel.client(EchoService).unary({}), Code.Unavailable);
      assert.match(error.message, /ENOENT/);
      await channel.close();
    });
  });

  it("a channel waits for its server in real time", async () => {
    await withFrozenTimers(async () => {
      const socket = freshName();
      await using channel = createChannel(socket);
      const ready = channel.ready();
      await using _ = await serve({
        socket,
        signals: false,
        routes: (router) => router.service(EchoService, createEcho()),
      });
      await ready;
    });
  });
});

for (const client of clientEngines) {
  it(`the timers of node:test leave the engine "${client}" alone, however far they are moved`, async () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "setImmediate", "Date"] });
    try {
      await using t = await setUp({ client, server: "direct" });
      const calls = Promise.all([t.client.unary({ text: "one" }), all(t.client.serverStream({ count: 3 }))]);
      mock.timers.tick(3_600_000);
      const [{ text }, responses] = await calls;
      assert.equal(text, "one");
      assert.equal(responses.length, 3);
    } finally {
      mock.timers.reset();
    }
  });
}
