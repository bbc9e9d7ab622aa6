import { performance as clock } from "node:perf_hooks";
import { performance } from "../time/real-timers.js";
import { Account } from "./account.js";
import { mayBusyPoll } from "./spare-cores.js";
import { type Turning, type Turns, turns } from "./turns.js";

/** What is needed of the thread. */
export interface BusyPollThread {
  readonly turns: Turns;
  readonly nowMs: () => number;
  /** The time by the clock of the machine at which `nowMs()` was 0, in milliseconds. */
  readonly originMs: number;
  /** Tells whether the process has cores to spare. It is asked before the loop turns for the first time. */
  readonly isAllowed: () => boolean;
}

const thisThread: BusyPollThread = {
  turns,
  nowMs: performance.now,
  originMs: clock.timeOrigin,
  isAllowed: mayBusyPoll,
};

/**
 * Busy polling for one channel or server: lets the event loop turn instead of sleeping while bytes are expected, within
 * the time that earlier ones took, and for as long as its account says that it pays.
 */
export class BusyPoll implements Turning {
  readonly #maxMs: number;
  readonly #account: Account;
  /** The number of calls, or servers, that expect bytes. */
  #expected = 0;
  #isTurning = false;
  /** The time since which the loop has found nothing; 0 if it has just found something, or does not turn. */
  #waitsSince = 0;
  #waitsUntil = 0;
  #hasNewCall = false;
  /** How many bytes have arrived that the account does not know about. */
  #bytes = 0;
  /** How long bytes took to arrive, as a moving average of those for which the loop has turned. */
  #averageMs: number;
  #isImpossible = false;

  /** @param maxUs the longest time to turn for one arrival, in microseconds */
  constructor(
    maxUs: number,
    private readonly thread: BusyPollThread = thisThread,
  ) {
    this.#maxMs = maxUs / 1_000;
    this.#averageMs = this.#maxMs / 2;
    this.#account = new Account(this.#maxMs / 2, thread.originMs);
  }

  /** The time now, in milliseconds. */
  get nowMs(): number {
    return this.thread.nowMs();
  }

  /** The longest time that an answer may usually take if the loop should turn for it, in milliseconds. */
  get longestAnswerMs(): number {
    return 2 * this.#account.longestWaitMs; // it may wait for others that are in flight
  }

  /** Called when bytes are expected soon. Each call is followed by one of `expectNoMore()`. */
  expect(): void {
    this.#expected++;
    if (this.#account.isOpen) {
      this.#hasNewCall = true;
      this.#turn();
    }
  }

  expectNoMore(): void {
    this.#expected--;
  }

  /** Called when this many bytes have arrived, before they are processed. */
  arrived(bytes: number): void {
    this.#bytes += bytes;
    if (this.#account.isOpen) {
      if (this.#waitsSince > 0) {
        const now = this.thread.nowMs();
        const waitMs = now - this.#waitsSince;
        this.#waitsSince = 0;
        this.#averageMs += (Math.min(waitMs, this.#maxMs) - this.#averageMs) / 8;
        this.#account.earn(waitMs, this.#takeBytes(), now);
      }
      this.#turn();
    } else if (this.#expected > 0 && !this.#isImpossible) {
      if (this.#account.observe(this.#takeBytes(), this.thread.nowMs())) {
        this.#isImpossible = !this.thread.isAllowed();
        this.#turn();
      }
    }
  }

  onTurn(now: number): boolean {
    const mayTurn = this.#expected > 0 && this.#account.isOpen;
    if (mayTurn && (this.#waitsSince === 0 || this.#hasNewCall)) {
      this.#waitsSince ||= now;
      this.#waitsUntil = now + Math.min(this.#maxMs, Math.max(this.#maxMs / 2, 4 * this.#averageMs));
      this.#hasNewCall = false;
    }
    if (mayTurn && now < this.#waitsUntil) {
      return true;
    }
    this.#isTurning = false;
    if (this.#waitsSince > 0) {
      const waitMs = now - this.#waitsSince;
      this.#waitsSince = 0;
      this.#account.pay(waitMs, now);
    }
    return false;
  }

  #takeBytes(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }

  #turn(): void {
    if (!this.#isTurning && this.#expected > 0 && !this.#isImpossible) {
      this.#isTurning = true;
      this.thread.turns.start(this);
    }
  }
}

/** Creates the busy polling of a channel or server; returns undefined if there is none. */
export function busyPollWith(maxUs: number): BusyPoll | undefined {
  return maxUs > 0 ? new BusyPoll(maxUs) : undefined;
}
