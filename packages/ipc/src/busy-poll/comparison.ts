/** Over how much time a rate is measured, in milliseconds, without what has passed in longer waits. */
const asleepMs = 2;
const awakeMs = 4;
/** Busy polling pays if bytes arrive this many times as fast as while the loop sleeps. */
const minGain = 1.25;

/**
 * Compares how fast bytes arrive while the loop sleeps and while it turns. Where a wake-up is cheap, as it is when both
 * processes run on one core because others are busy, turning only takes the time in which the peer could work.
 */
export class Comparison {
  /** The rates in bytes a millisecond; 0 if not measured. */
  #asleep = 0;
  #awake = 0;
  #hasPaid = false;
  #bytes = 0;
  #ms = 0;
  #arrivedAt = 0;

  /** @param longestMs the longest time between two arrivals of the same busy period, in milliseconds */
  constructor(private readonly longestMs: number) {}

  /** Whether it is known how fast bytes arrive while the loop sleeps. */
  get isReady(): boolean {
    return this.#asleep > 0;
  }

  /** Whether bytes arrived faster when that was last measured while the loop turned. */
  get hasPaid(): boolean {
    return this.#hasPaid;
  }

  /** Called when bytes have arrived while the loop sleeps. */
  addAsleep(bytes: number, now: number): void {
    this.#asleep = this.#add(bytes, now, asleepMs) || this.#asleep;
  }

  /** Called when bytes have arrived while the loop turns. Returns whether it may go on. */
  addAwake(bytes: number, now: number): boolean {
    const rate = this.#add(bytes, now, awakeMs);
    if (rate === 0) {
      return true;
    }
    this.#awake = this.#awake === 0 ? rate : (3 * this.#awake + rate) / 4;
    this.#hasPaid = this.#awake >= minGain * this.#asleep;
    return this.#hasPaid;
  }

  /** Called when the loop begins or ceases to turn. */
  begin(isAwake: boolean, now: number): void {
    this.#bytes = this.#ms = this.#awake = 0;
    this.#arrivedAt = now;
    if (isAwake) {
      this.#hasPaid = false;
    } else {
      this.#asleep = 0;
    }
  }

  /** Returns the rate if it was measured for long enough; 0 otherwise. */
  #add(bytes: number, now: number, neededMs: number): number {
    const ms = now - this.#arrivedAt;
    this.#arrivedAt = now;
    if (ms > this.longestMs) {
      return 0;
    }
    this.#bytes += bytes;
    this.#ms += ms;
    if (this.#ms < neededMs) {
      return 0;
    }
    const rate = this.#bytes / this.#ms;
    this.#bytes = this.#ms = 0;
    return rate;
  }
}
