import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createClient } from "@connectrpc/connect";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, type Setup, serverEngines, setUp } from "../support/engines.js";
import { until } from "../support/expect.js";

leaveNothingBehind();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

for (const server of serverEngines) {
  describe(`a stream whose reader has walked away from Connect's client, direct to ${server}`, () => {
    it("is cancelled, and other calls go on", async () => {
      await using t = await setUp({ client: "direct", server });
      const signals: (AbortSignal | undefined)[] = [];
      // Together they hold as many bytes as the connection's window.
      for (let i = 0; i < 12; i++) {
        assert.equal(await readOne(t), 0);
        signals.push(t.echo.last?.signal);
      }
      await until(() => {
        collectGarbage();
        return signals.every((signal) => signal?.aborted === true);
      }, "the handlers' signals");
      assert.equal(await readOne(t), 0);
    });

    it("goes on as long as somebody may read it", async () => {
      await using t = await setUp({ client: "direct", server });
      const stream = t.client.serverStream({ count: 3 })[Symbol.asyncIterator]();
      await stream.next();
      for (let i = 0; i < 3; i++) {
        collectGarbage();
        await new Promise(setImmediate);
      }
      assert.equal((await stream.next()).value.index, 1);
      assert.equal((await stream.next()).value.index, 2);
      assert.equal((await stream.next()).done, true);
    });

    it("goes on as long as somebody waits for what comes next, though nobody can ask for more", async () => {
      await using t = await setUp({ client: "direct", server });
      const read = async (client: Setup["client"]) => {
        const stream = client.serverStream({ count: 2, delayMs: 50 })[Symbol.asyncIterator]();
        await stream.next();
        return stream.next();
      };
      for (const client of [t.client, createClient(EchoService, t.channel.transport)]) {
        let isOver = false;
        const second = read(client).finally(() => {
          isOver = true;
        });
        while (!isOver) {
          collectGarbage();
          await new Promise(setImmediate);
        }
        assert.equal((await second).value?.index, 1);
      }
    });
  });
}

describePairs("leaving a loop", (pair) => {
  it("ends the call, and others go on", async () => {
    await using t = await setUp(pair);
    for (let i = 0; i < 12; i++) {
      for await (const { index } of t.client.serverStream({ count: 1_000, responseSize: 100_000 })) {
        assert.equal(index, 0);
        break;
      }
      await until(() => t.echo.last?.signal.aborted === true, "the handler's signal");
    }
    assert.equal((await t.client.unary({ text: "still there" })).text, "still there");
  });

  it("of a conversation ends the call, and whoever makes its requests is told", async () => {
    await using t = await setUp(pair);
    let isOver = false;
    async function* requests() {
      try {
        for (let i = 0; ; i++) {
          yield { text: String(i) };
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      } finally {
        isOver = true;
      }
    }
    for await (const { text } of t.client.bidiStream(requests())) {
      if (text === "3") {
        break;
      }
    }
    await until(() => isOver && t.echo.last?.signal.aborted === true, "both sides");
  });

  it("by an error leaves the error as it is", async () => {
    await using t = await setUp(pair);
    await assert.rejects(async () => {
      for await (const _ of t.client.serverStream({ count: 10 })) {
        throw new RangeError("of mine");
      }
    }, RangeError);
  });

  it("that nobody has begun gives nothing to read", async () => {
    await using t = await setUp(pair);
    const responses = t.client.serverStream({ count: 10 })[Symbol.asyncIterator]();
    assert.deepEqual(await responses.return?.(), { done: true, value: undefined });
    await until(() => t.echo.calls === 0 || t.echo.last?.signal.aborted === true, "the handler's signal");
  });
});

describePairs("responses", (pair) => {
  it("come in order to those who ask for several at once, header first and trailer last, once each", async () => {
    await using t = await setUp(pair);
    const told: string[] = [];
    const responses = t.client
      .serverStream({ count: 5 }, { onHeader: () => told.push("header"), onTrailer: () => told.push("trailer") })
      [Symbol.asyncIterator]();
    const first = await Promise.all([responses.next(), responses.next(), responses.next()]);
    assert.deepEqual(
      first.map(({ value }) => value?.index),
      [0, 1, 2],
    );
    assert.deepEqual(told, ["header"]);
    assert.equal((await responses.next()).value?.index, 3);
    assert.equal((await responses.next()).value?.index, 4);
    assert.equal((await responses.next()).done, true);
    assert.equal((await responses.next()).done, true);
    assert.deepEqual(told, ["header", "trailer"]);
  });
});

/** Reads the first of many large responses, and then neither reads on nor cancels. */
async function readOne(t: Setup): Promise<number | undefined> {
  const client = createClient(EchoService, t.channel.transport);
  for await (const { index } of client.serverStream({ count: 1_000, responseSize: 100_000 })) {
    return index;
  }
  return undefined;
}
