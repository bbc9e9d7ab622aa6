import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { warmUp } from "../dist/run/warm-up.js";

const settle = { windowMs: 300, tolerance: 0.05, maxWindows: 6 };

/** A client whose runs have these rates. The last one repeats. */
function clientWith(rates: readonly number[]) {
  const runs: number[] = [];
  const run = async (ms: number) => {
    const rate = rates[Math.min(runs.length, rates.length - 1)] as number;
    runs.push(ms);
    return { count: (rate * ms) / 1000, seconds: ms / 1000 };
  };
  return { runs, run };
}

describe("the warm-up", () => {
  it("lasts until the rates of three successive windows agree", async () => {
    const client = clientWith([100, 200, 300, 310, 305]);
    const warm = await warmUp(client, { warmMs: 1_000, settle });
    assert.deepEqual(client.runs, [1_000, 300, 300, 300, 300]);
    assert.equal(warm.isSettled, true);
    assert.ok(Math.abs(warm.seconds - 2.2) < 1e-9);
  });

  it("keeps the first run apart, which never counts as a window", async () => {
    const { first } = await warmUp(clientWith([100]), { warmMs: 1_000, settle });
    assert.equal(first.count / first.seconds, 100);
    const client = clientWith([300, 300, 300, 200]);
    await warmUp(client, { warmMs: 300, settle });
    assert.equal(client.runs.length, 1 + 5);
  });

  it("ends after too many windows, and says that the rates differ", async () => {
    const client = clientWith([100, 200, 300, 400, 500, 600, 700, 800]);
    assert.equal((await warmUp(client, { warmMs: 1_000, settle })).isSettled, false);
    assert.equal(client.runs.length, 1 + settle.maxWindows);
  });

  it("is only the first run if nothing must be steady", async () => {
    const client = clientWith([100]);
    assert.equal((await warmUp(client, { warmMs: 20 })).isSettled, true);
    assert.deepEqual(client.runs, [20]);
  });
});
