import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { work } from "../dist/contract/job.js";
import { runOpenLoop } from "../dist/load/open-loop.js";

/** A clock that a turn of the event loop moves on, and a server that answers after a while by this clock. */
class World {
  timeMs = 0;
  readonly startsMs: number[] = [];
  mostOpen = 0;
  #open = 0;
  readonly #turns: { atMs: number; callback: () => void }[] = [];

  constructor(
    private readonly turnMs: number,
    private readonly answerMs: (call: number) => number,
  ) {}

  now = () => this.timeMs;
  nextTurn = (callback: () => void) => this.#at(this.timeMs + this.turnMs, callback);

  connection = {
    call: (payload: Uint8Array, done: (bytes: number) => void) => {
      const call = this.startsMs.push(this.timeMs) - 1;
      this.mostOpen = Math.max(this.mostOpen, ++this.#open);
      this.#at(this.timeMs + this.answerMs(call), () => {
        this.#open--;
        done(payload.length);
      });
    },
  };

  /** Runs a load of this rate and duration to its end. */
  async run(rate: number, ms: number, inFlight: number) {
    const job = work("calls", { inFlight });
    const tally = runOpenLoop([this.connection], new Uint8Array(8), job, { ms, rate }, this);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.timeMs = Math.max(this.timeMs, next.atMs);
      next.callback();
    }
    return tally;
  }

  #at(atMs: number, callback: () => void): void {
    this.#turns.push({ atMs, callback });
  }

  #next() {
    this.#turns.sort((a, b) => a.atMs - b.atMs);
    return this.#turns.shift();
  }
}

const nearly = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs((actual ?? Number.NaN) / expected - 1) < 0.02, `${actual} instead of ${expected}`);

describe("the open loop", () => {
  it("starts each call at its own time, whatever the earlier ones do", async () => {
    const world = new World(0.5, () => 300);
    const { count, unmade, latencyUs } = await world.run(1_000, 100, 1_000);
    assert.deepEqual([count, unmade], [100, 0]);
    assert.deepEqual(world.startsMs.slice(0, 4), [0, 1, 2, 3]);
    assert.equal(world.startsMs.at(-1), 99);
    nearly(latencyUs?.p50, 300_000);
  });

  it("does not drift when the event loop turns slowly", async () => {
    const world = new World(7, () => 1);
    const { count } = await world.run(1_000, 700, 1_000);
    assert.equal(count, 700);
    for (const [i, startMs] of world.startsMs.entries()) {
      assert.ok(startMs >= i && startMs - i <= 7, `call ${i} started at ${startMs}`);
    }
  });

  it("counts the latency from the moment at which a call was due", async () => {
    // The server stalls once, for half of the run, and only one call may be open: all later ones wait for it.
    const world = new World(0.5, (call) => (call === 100 ? 500 : 0.5));
    const { count, unmade, latencyUs } = await world.run(100, 2_000, 1);
    assert.deepEqual([count, unmade], [200, 0]);
    assert.equal(world.mostOpen, 1);
    // 50 of 200 calls were due during the stall, so a quarter of all waited.
    assert.ok((latencyUs?.p50 ?? 0) < 1_000);
    assert.ok((latencyUs?.p90 ?? 0) > 250_000, `${latencyUs?.p90}`);
  });

  it("keeps no more calls open than allowed, and counts those that it could not make", async () => {
    const world = new World(0.5, () => 10);
    const { count, unmade, seconds } = await world.run(1_000, 100, 4);
    assert.equal(world.mostOpen, 4);
    assert.equal(count + (unmade ?? 0), 100);
    assert.ok(count >= 40 && count <= 44, `${count}`);
    nearly(seconds, 0.11);
  });
});
