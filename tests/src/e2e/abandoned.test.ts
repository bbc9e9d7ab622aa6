import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { leaveNothingBehind } from "../support/clean.js";
import { type Setup, serverEngines, setUp } from "../support/engines.js";
import { until } from "../support/expect.js";

leaveNothingBehind();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

for (const server of serverEngines) {
  describe(`a stream whose reader has walked away, direct to ${server}`, () => {
    it("is cancelled, and other calls go on", async () => {
      await using t = await setUp({ client: "direct", server });
      const signals: (AbortSignal | undefined)[] = [];
      // Together they hold as much as the connection's window.
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
  });
}

/** Reads the first of many large responses, and says no more. */
async function readOne(t: Setup): Promise<number | undefined> {
  for await (const { index } of t.client.serverStream({ count: 1_000, responseSize: 100_000 })) {
    return index;
  }
  return undefined;
}
