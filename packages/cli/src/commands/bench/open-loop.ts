/** The time, and the ways to wait for it; tests have their own. */
export interface Clock {
  /** Returns the time in milliseconds. */
  now(): number;
  /** Calls back when the event loop has handled what is pending. */
  nextTurn(callback: () => void): void;
  /** Calls back after this time, or up to a millisecond later. */
  later(callback: () => void, ms: number): void;
}

const realClock: Clock = { now: () => performance.now(), nextTurn: setImmediate, later: setTimeout };

/** Timers are late by up to a millisecond, so closer to a call than this the event loop turns without sleeping. */
const closeMs = 2;

/**
 * Starts calls at a fixed rate, whatever the earlier ones do. The i-th call is due i/rate seconds after the start, so
 * that lateness never shifts the schedule. Calls that are due while `mostOpen` calls are open wait.
 */
export class OpenLoop {
  readonly #startedAt: number;
  #started = 0;
  #open = 0;
  #stoppedAt: number | undefined;

  /** @param call makes a call that was due at this time of the clock; its promise is never rejected. */
  constructor(
    private readonly rate: number,
    private readonly mostOpen: number,
    private readonly call: (dueAt: number) => Promise<unknown>,
    private readonly clock: Clock = realClock,
  ) {
    this.#startedAt = clock.now();
    this.#turn();
  }

  /** The number of calls that were due until now, or until the end, and are not made. */
  get unmade(): number {
    return this.#due() - this.#started;
  }

  /** Starts no more calls. Those that are open may end. */
  stop(): void {
    this.#stoppedAt = this.clock.now();
  }

  #turn = (): void => {
    if (this.#stoppedAt !== undefined) {
      return;
    }
    this.#startDue();
    const waitMs = this.#dueAt(this.#started) - this.clock.now();
    if (waitMs > closeMs) {
      this.clock.later(this.#turn, waitMs - closeMs);
    } else {
      this.clock.nextTurn(this.#turn);
    }
  };

  #startDue(): void {
    const due = this.#due();
    while (this.#stoppedAt === undefined && this.#started < due && this.#open < this.mostOpen) {
      this.#open++;
      void this.call(this.#dueAt(this.#started++)).then(this.#ended);
    }
  }

  #ended = (): void => {
    this.#open--;
    this.#startDue();
  };

  #dueAt(call: number): number {
    return this.#startedAt + (call * 1_000) / this.rate;
  }

  #due(): number {
    const elapsedMs = (this.#stoppedAt ?? this.clock.now()) - this.#startedAt;
    return Math.floor((elapsedMs * this.rate) / 1_000) + 1;
  }
}
