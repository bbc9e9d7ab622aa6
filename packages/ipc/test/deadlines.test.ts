import "../../../tests/dist/support/follow-fake-timers.js"; // It must come before the tested modules.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Deadlines, Timed } from "../dist/time/deadline-queue.js";

class Call extends Timed {
  expired = false;

  onDeadline(): void {
    this.expired = true;
  }
}

class FailingCall extends Timed {
  onDeadline(): void {
    throw Object.create(null); // It cannot even be converted to a string.
  }
}

/** Returns the number of running timers. */
function countTimers(t: TestContext): () => number {
  const running = new Set<unknown>();
  const { setTimeout: start, clearTimeout: stop } = globalThis;
  t.mock.method(globalThis, "setTimeout", (callback: () => void, ms: number) => {
    const timer = start(() => {
      running.delete(timer);
      callback();
    }, ms);
    running.add(timer);
    return timer;
  });
  t.mock.method(globalThis, "clearTimeout", (timer: NodeJS.Timeout) => {
    running.delete(timer);
    stop(timer);
  });
  return () => running.size;
}

describe("deadlines", () => {
  it("share a timer if their timeouts are equal", (t) => {
    const timers = countTimers(t);
    const deadlines = new Deadlines();
    const calls = Array.from({ length: 1_000 }, () => new Call());
    for (const call of calls) deadlines.start(call, 60_000);
    assert.equal(timers(), 1);
    for (const call of calls) deadlines.stop(call);
    assert.equal(timers(), 1); // It is kept for the next call.
  });

  it("keep almost no memory of finished calls, even if each had a different timeout", (t) => {
    const timers = countTimers(t);
    const deadlines = new Deadlines();
    for (let i = 0; i < 10_000; i++) {
      const call = new Call();
      deadlines.start(call, 3_600_000 + i / 1_000);
      deadlines.stop(call);
    }
    assert.ok(timers() < 50, `${timers()} timers are running`);
  });

  it("expire in time, independently of each other", async () => {
    const deadlines = new Deadlines();
    const calls = Array.from({ length: 100 }, (_, i) => ({ call: new Call(), ms: 5 + (i % 50) / 10 }));
    const late = new Call();
    deadlines.start(late, 60_000);
    for (const { call, ms } of calls) deadlines.start(call, ms);
    for (const { call } of calls.slice(0, 20)) deadlines.stop(call);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(
      calls.map(({ call }) => call.expired),
      calls.map((_, i) => i >= 20),
    );
    assert.equal(late.expired, false);
    deadlines.stop(late);
  });

  it("expire even if the action at another one fails, which causes a warning", async (t) => {
    const warnings = t.mock.method(process, "emitWarning", () => {});
    const deadlines = new Deadlines();
    const failing = Array.from({ length: 3 }, () => new FailingCall());
    const call = new Call();
    for (const timed of [...failing, call]) deadlines.start(timed, 5);
    const next = new Call();
    while (!call.expired) await new Promise((resolve) => setTimeout(resolve, 1));
    deadlines.start(next, 5);
    while (!next.expired) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(warnings.mock.callCount(), failing.length);
    assert.ok(failing.every((timed) => !timed.isUnderWay));
  });
});
