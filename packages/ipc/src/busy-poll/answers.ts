import type { BusyPoll } from "./busy-poll.js";

/** A new sample changes the average by one in this many. */
const samples = 8;
/** A timed call that this many others have overtaken counts as slow. */
const maxOvertaken = 1_000;

/**
 * How long a method takes to answer on one channel, as a moving average, so that the event loop does not turn for a
 * slow one. One call at a time is timed: the clock is not read for each call when many are in flight.
 */
export class Answers {
  #timed: object | undefined;
  #startedAt = 0;
  #overtaken = 0;
  #averageMs = 0;
  #isSlow = false;

  constructor(private readonly busyPoll: BusyPoll) {}

  /** Called when a call begins to wait for an answer. Returns whether it is expected soon. */
  expect(call: object): boolean {
    if (this.#timed === undefined) {
      this.#timed = call;
      this.#startedAt = this.busyPoll.nowMs;
    } else if (++this.#overtaken > maxOvertaken) {
      this.#timed = undefined;
      this.#add(Number.POSITIVE_INFINITY);
    }
    if (this.#isSlow) {
      return false;
    }
    this.busyPoll.expect();
    return true;
  }

  /** Called when a call no longer waits, with what `expect()` returned for it. */
  expectNoMore(call: object, wasExpected: boolean): void {
    if (this.#timed === call) {
      this.#timed = undefined;
      this.#add(this.busyPoll.nowMs - this.#startedAt);
    }
    if (wasExpected) {
      this.busyPoll.expectNoMore();
    }
  }

  #add(ms: number): void {
    const { longestAnswerMs } = this.busyPoll;
    this.#overtaken = 0;
    // The sample is limited so that a single slow answer is soon forgotten.
    this.#averageMs += (Math.min(ms, samples * longestAnswerMs) - this.#averageMs) / samples;
    this.#isSlow = this.#averageMs >= longestAnswerMs;
  }
}
