import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OpenLoop } from "../dist/commands/bench/open-loop.js";

/** A clock that tests move on. Its timers are late by as much as is allowed. */
class World {
  timeMs = 0;
  /** The times at which calls started, and the times at which they were due. */
  readonly starts: { atMs: number; dueMs: number }[] = [];
  readonly #waiting: { atMs: number; callback: () => void }[] = [];

  constructor(private readonly turnMs: number) {}

  now = () => this.timeMs;
  nextTurn = (callback: () => void) => void this.#waiting.push({ atMs: this.timeMs + this.turnMs, callback });
  later = (callback: () => void, ms: number) => void this.#waiting.push({ atMs: this.timeMs + ms + 1, callback });

  /** Returns a function that makes calls which take this long. */
  calls = (takeMs: number) => (dueMs: number) => {
    this.starts.push({ atMs: this.timeMs, dueMs });
    return new Promise<void>((resolve) => this.#waiting.push({ atMs: this.timeMs + takeMs, callback: resolve }));
  };

  async runUntil(ms: number): Promise<void> {
    for (;;) {
      this.#waiting.sort((a, b) => a.atMs - b.atMs);
      const next = this.#waiting[0];
      if (next === undefined || next.atMs > ms) {
        break;
      }
      this.#waiting.shift();
      this.timeMs = Math.max(this.timeMs, next.atMs);
      next.callback();
      await new Promise(setImmediate); // promises of calls that ended go first
    }
    this.timeMs = ms;
  }
}

describe("the open loop", () => {
  it("starts each call when it is due, whatever the earlier ones do", async () => {
    const world = new World(0.25);
    const loop = new OpenLoop(100, 1_000, world.calls(10_000), world);
    await world.runUntil(995);
    loop.stop();
    assert.equal(world.starts.length, 100);
    assert.equal(loop.unmade, 0);
    for (const [i, { atMs, dueMs }] of world.starts.entries()) {
      assert.equal(dueMs, i * 10);
      assert.ok(atMs >= dueMs && atMs - dueMs <= 0.25, `call ${i} started at ${atMs}`);
    }
  });

  it("does not drift when the event loop turns slowly", async () => {
    const world = new World(7);
    const loop = new OpenLoop(1_000, 1_000, world.calls(1), world);
    await world.runUntil(700);
    loop.stop();
    assert.ok(world.starts.length >= 693);
    assert.deepEqual(
      world.starts.map(({ dueMs }) => dueMs),
      world.starts.map((_, i) => i),
    );
    assert.ok(world.starts.every(({ atMs, dueMs }) => atMs - dueMs <= 7));
  });

  it("keeps no more calls open than allowed: others wait from when they were due", async () => {
    const world = new World(0.25);
    const loop = new OpenLoop(1_000, 2, world.calls(10), world);
    await world.runUntil(100);
    loop.stop();
    assert.equal(world.starts.length, 21); // one at 0, 10 … 100 ms, the other at 1, 11 … 91 ms
    assert.equal(world.starts.at(-1)?.dueMs, 20);
    assert.equal(loop.unmade, 101 - 21);
  });

  it("starts nothing after its end", async () => {
    const world = new World(0.25);
    const loop = new OpenLoop(1_000, 1, world.calls(10), world);
    await world.runUntil(15);
    loop.stop();
    const { unmade } = loop;
    const { length } = world.starts;
    await world.runUntil(100);
    assert.deepEqual([loop.unmade, world.starts.length], [unmade, length]);
  });
});
