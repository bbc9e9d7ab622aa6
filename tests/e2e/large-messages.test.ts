import assert from "node:assert/strict";
import { it } from "node:test";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, setUp } from "../support/engines.js";

leaveNothingBehind();

/** Sent messages are overwritten and their memory is reused. A receiver must never see that. */
describePairs("large messages", (pair) => {
  it("are what was sent, whatever else comes and goes, and for as long as they are kept", async () => {
    await using t = await setUp(pair);
    const payload = new Uint8Array(400_000);
    const kept: { fill: number; payload: Uint8Array }[] = [];
    const call = async (i: number) => {
      const fill = i % 251;
      payload.fill(fill); // the caller's memory is its own again as soon as the direct engine has made the call
      const isGivenUp = i % 5 === 4;
      const controller = new AbortController();
      const part = payload.subarray(0, 1_000 * (1 + (i % 400)));
      const response = t.client.unary({ payload: pair.client === "direct" ? part : part.slice() }, controller);
      if (isGivenUp) {
        setTimeout(() => controller.abort(), i % 3);
        await response.catch(() => {});
      } else {
        kept.push({ fill, payload: (await response).payload });
      }
    };
    for (let round = 0; round < 8; round++) {
      await Promise.all(Array.from({ length: 25 }, (_, i) => call(round * 25 + i)));
    }
    assert.equal(kept.length, 160);
    for (const { fill, payload } of kept) {
      assert.ok(payload.every((byte) => byte === fill));
    }
  });

  it("come whole in streams whose sender uses one buffer for all", async () => {
    await using t = await setUp(pair);
    const buffer = new Uint8Array(200_000);
    async function* requests() {
      for (let i = 0; i < 20; i++) {
        buffer.fill(i);
        yield { payload: buffer, delayMs: i % 4 };
      }
    }
    const kept: Uint8Array[] = [];
    for await (const { payload } of t.client.bidiStream(requests())) {
      kept.push(payload);
    }
    assert.equal(kept.length, 20);
    kept.forEach((payload, i) => void assert.ok(payload.length === 200_000 && payload.every((byte) => byte === i)));
  });

  it("come whole when a server's answer ends a call before its request has been read", async () => {
    await using t = await setUp(pair, { readMaxBytes: 100_000 });
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const payload = new Uint8Array(i % 2 === 0 ? 3_000_000 : 90_000).fill(i);
        return t.client.unary({ payload }).then(
          (response) => response.payload.every((byte) => byte === i),
          () => "refused",
        );
      }),
    );
    results.forEach((result, i) => void assert.equal(result, i % 2 === 0 ? "refused" : true));
  });
});
