import { Comparison } from "./comparison.js";

/** How many short waits of a sleeping loop are needed before it busy-polls. */
const neededWaits = 8;
/** A wait of a sleeping loop is short up to this many times `fairMs`, since both sides may have to be woken in it. */
const asleepFactor = 4;
/** The credit to begin with, and the largest, as multiples of `fairMs`. */
const firstCredit = 8;
const maxCredit = 16;
/**
 * The shortest pause, and the longest ones in milliseconds: after busy polling that has paid until then, and after
 * stalls and busy polling that has not paid. Each pause is twice as long as the last, and half as long if busy polling
 * has paid for `provenFactor` times as long.
 */
const minPauseMs = 1;
const maxPauseMs = 32;
const maxUselessPauseMs = 2_048;
const provenFactor = 64;
/** After this time of busy polling the loop sleeps for this time, to be compared again, in milliseconds. */
const maxOpenMs = 2_048;
const comparedMs = 16;
/**
 * A wait of this many times `fairMs` is a stall, since the loop stops turning long before: another process had the
 * core, or the loop had other work. Stalls may take this share of the time, and this many milliseconds more.
 */
const stallFactor = 4;
const toleratedShare = 1 / 8;
const toleratedMs = 20;

/**
 * Keeps account of whether busy polling pays. Sleeping and being woken costs CPU time, so bytes that arrive while the
 * loop turns earn `fairMs` of it, and the time for which the loop has turned is paid, also if it turned in vain. When
 * nothing is left, the loop sleeps. After a pause it turns again if waits were short while it slept. It also sleeps if
 * bytes arrive hardly faster while it turns, and now and then to compare.
 *
 * All times are in milliseconds. The time of a wait is that of the wall clock, so it is long if other processes need
 * the core: they have preempted this one. Busy polling then stops as well.
 */
export class Account {
  #isOpen = false;
  #creditMs = 0;
  #stalledMs = 0;
  #stalledAt = 0;
  #shortWaits = 0;
  #arrivedAt = 0;
  #openSince = 0;
  #openUntil = 0;
  #pauseMs = minPauseMs;
  #pausedUntil = 0;
  readonly #comparison: Comparison;

  /**
   * @param fairMs the CPU time that sleeping and being woken costs
   * @param originMs the time by the clock of the machine at which `now` was 0
   */
  constructor(
    private readonly fairMs: number,
    private readonly originMs: number,
  ) {
    this.#comparison = new Comparison(this.longestWaitMs);
  }

  /** Whether the loop may turn. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The longest wait of a sleeping loop for which turning might pay. */
  get longestWaitMs(): number {
    return asleepFactor * this.fairMs;
  }

  /** Called when this many bytes have arrived after the loop had turned for this time. */
  earn(waitMs: number, bytes: number, now: number): void {
    this.#creditMs = Math.min(this.#creditMs + this.fairMs, maxCredit * this.fairMs);
    this.pay(waitMs, now);
    if (!this.#isOpen) {
      return;
    }
    if (!this.#comparison.addAwake(bytes, now)) {
      this.#close(now);
    } else if (now >= this.#openUntil) {
      this.#close(now);
      this.#pausedUntil = this.#nextMultiple(comparedMs, now);
    }
  }

  /** Called when the loop has turned for this time. */
  pay(waitMs: number, now: number): void {
    const isStall = waitMs > stallFactor * this.fairMs;
    if (isStall) {
      this.#stalledMs = waitMs + Math.max(0, this.#stalledMs - (now - this.#stalledAt) * toleratedShare);
      this.#stalledAt = now;
    }
    this.#creditMs -= isStall ? 2 * this.fairMs : waitMs;
    if (this.#stalledMs > toleratedMs || this.#creditMs <= 0) {
      this.#close(now);
    }
  }

  /** Called when this many bytes have arrived while the loop may not turn. Returns whether it now may. */
  observe(bytes: number, now: number): boolean {
    const comparison = this.#comparison;
    comparison.addAsleep(bytes, now);
    const isShort = now - this.#arrivedAt <= this.longestWaitMs;
    this.#arrivedAt = now;
    this.#shortWaits = isShort ? this.#shortWaits + 1 : Math.max(0, this.#shortWaits - neededWaits / 2);
    if (this.#shortWaits < neededWaits || now < this.#pausedUntil || !comparison.isReady) {
      return false;
    }
    this.#isOpen = true;
    comparison.begin(true, now);
    this.#openSince = now;
    this.#openUntil = this.#nextMultiple(maxOpenMs, now);
    this.#creditMs = firstCredit * this.fairMs;
    return true;
  }

  #close(now: number): void {
    const hasPaid = this.#comparison.hasPaid && this.#stalledMs <= toleratedMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, hasPaid ? maxPauseMs : maxUselessPauseMs);
    let provenMs = now - this.#openSince;
    while (this.#pauseMs > minPauseMs && provenMs > provenFactor * this.#pauseMs) {
      provenMs -= provenFactor * this.#pauseMs;
      this.#pauseMs /= 2;
    }
    this.#pausedUntil = this.#nextMultiple(this.#pauseMs, now);
    this.#isOpen = false;
    this.#shortWaits = this.#stalledMs = 0;
    this.#arrivedAt = now;
    this.#comparison.begin(false, now);
  }

  /**
   * Returns a time that is a multiple of `ms` by the clock of the machine, 0.5 to 1.5 times `ms` from now. So both
   * sides begin and end at the same time: one alone gains less, and the kernel places processes by what both do.
   */
  #nextMultiple(ms: number, now: number): number {
    return Math.ceil((this.originMs + now) / ms + 0.5) * ms - this.originMs;
  }
}
