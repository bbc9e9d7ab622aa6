/** How many short waits of a sleeping loop are needed before it busy-polls. */
const neededWaits = 8;
/** A wait of a sleeping loop is short up to this many times `fairMs`, since both sides may have to be woken in it. */
const asleepFactor = 4;
/** The credit to begin with, and the largest, as multiples of `fairMs`. */
const firstCredit = 8;
const maxCredit = 16;
/**
 * The shortest pause, and the longest after waits that were too long and after stalls, in milliseconds. Each pause is
 * twice as long as the last, and half as long if busy polling has paid for `provenFactor` times as long.
 */
const minPauseMs = 1;
const maxPauseMs = 32;
const maxStallPauseMs = 1_000;
const provenFactor = 64;
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
 * nothing is left, the loop sleeps. After a pause it turns again if waits were short while it slept.
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
  #pauseMs = minPauseMs;
  #pausedUntil = 0;

  constructor(private readonly fairMs: number) {}

  /** Whether the loop may turn. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The longest wait of a sleeping loop for which turning might pay. */
  get longestWaitMs(): number {
    return asleepFactor * this.fairMs;
  }

  /** Called when bytes have arrived after the loop had turned for this time. */
  earn(waitMs: number, now: number): void {
    this.#creditMs = Math.min(this.#creditMs + this.fairMs, maxCredit * this.fairMs);
    this.pay(waitMs, now);
  }

  /** Called when the loop has turned for this time. */
  pay(waitMs: number, now: number): void {
    const isStall = waitMs > stallFactor * this.fairMs;
    if (isStall) {
      this.#stalledMs = waitMs + Math.max(0, this.#stalledMs - (now - this.#stalledAt) * toleratedShare);
      this.#stalledAt = now;
    }
    this.#creditMs -= isStall ? 2 * this.fairMs : waitMs;
    const hasStalled = this.#stalledMs > toleratedMs;
    if (hasStalled || this.#creditMs <= 0) {
      this.#close(now, hasStalled ? maxStallPauseMs : maxPauseMs);
    }
  }

  /** Called when bytes have arrived while the loop may not turn. Returns whether it now may. */
  observe(now: number): boolean {
    const isShort = now - this.#arrivedAt <= this.longestWaitMs;
    this.#arrivedAt = now;
    this.#shortWaits = isShort ? this.#shortWaits + 1 : Math.max(0, this.#shortWaits - neededWaits / 2);
    if (this.#shortWaits < neededWaits || now < this.#pausedUntil) {
      return false;
    }
    this.#isOpen = true;
    this.#openSince = now;
    this.#creditMs = firstCredit * this.fairMs;
    return true;
  }

  #close(now: number, longestPauseMs: number): void {
    this.#isOpen = false;
    this.#shortWaits = this.#stalledMs = 0;
    this.#arrivedAt = now;
    this.#pauseMs = Math.max(this.#pauseMs, Math.min(2 * this.#pauseMs, longestPauseMs));
    let provenMs = now - this.#openSince;
    while (this.#pauseMs > minPauseMs && provenMs > provenFactor * this.#pauseMs) {
      provenMs -= provenFactor * this.#pauseMs;
      this.#pauseMs /= 2;
    }
    this.#pausedUntil = now + this.#pauseMs;
  }
}
