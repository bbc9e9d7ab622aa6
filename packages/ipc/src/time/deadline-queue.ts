import { outsideOfCalls } from "../user-code/call-scope.js";
import { messageOf } from "../user-code/thrown.js";
import { clearTimeout, maxTimerMs, performance, setTimeout } from "./real-timers.js";

/** Something with a deadline. The object itself is the list entry in which it waits, so that a call needs no other. */
export abstract class Timed {
  /** @internal */ deadlineAt = 0;
  /** @internal */ list: DeadlineList | null = null;
  /** @internal */ earlier: Timed | null = null;
  /** @internal */ later: Timed | null = null;

  /** Whether the clock runs: it was started, and has neither been stopped nor reached the deadline. */
  get isUnderWay(): boolean {
    return this.list !== null;
  }

  /** Called once, at the deadline. */
  abstract onDeadline(): void;

  /** Returns the time left in milliseconds; undefined without a deadline. */
  leftMs(): number | undefined {
    return this.deadlineAt === 0 ? undefined : this.deadlineAt - performance.now();
  }
}

/**
 * Keeps many deadlines with few timers. Deadlines with the same timeout expire in the order in which they start, so
 * they share one list with one timer, set for the first of them; starting and stopping costs a few pointers. The timers
 * do not keep the process alive, since a call that waits for a peer has a socket that does.
 */
export class Deadlines {
  readonly #lists = new Map<number, DeadlineList>();

  start(timed: Timed, timeoutMs: number): void {
    let list = this.#lists.get(timeoutMs);
    if (list === undefined) {
      list = new DeadlineList(
        timeoutMs,
        () => this.#lists.size > maxEmptyLists,
        () => this.#lists.delete(timeoutMs),
      );
      this.#lists.set(timeoutMs, list);
    }
    list.add(timed);
  }

  stop(timed: Timed): void {
    timed.list?.remove(timed);
  }
}

/** The deadlines of this thread: the calls of a thousand channels share one timer. */
export const deadlines = new Deadlines();

/**
 * How many empty lists keep their timers, since the next call probably has the same timeout as the last. If each call
 * has a different one, as a peer may send its remaining time to the microsecond, that would leave a timer for every
 * finished call.
 */
const maxEmptyLists = 32;

class DeadlineList {
  #first: Timed | null = null;
  #last: Timed | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly timeoutMs: number,
    private readonly areMany: () => boolean,
    private readonly onEmpty: () => void,
  ) {}

  add(timed: Timed): void {
    timed.deadlineAt = performance.now() + this.timeoutMs;
    timed.list = this;
    timed.earlier = this.#last;
    if (this.#last === null) {
      this.#first = timed;
    } else {
      this.#last.later = timed;
    }
    this.#last = timed;
    if (this.#timer === undefined) {
      this.#arm(this.timeoutMs);
    }
  }

  remove(timed: Timed): void {
    if (timed.earlier === null) {
      this.#first = timed.later;
    } else {
      timed.earlier.later = timed.later;
    }
    if (timed.later === null) {
      this.#last = timed.earlier;
    } else {
      timed.later.earlier = timed.earlier;
    }
    timed.list = timed.earlier = timed.later = null;
    if (this.#first === null && this.#timer !== undefined && this.areMany()) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.onEmpty();
    }
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer); // It may have been set by an object that started while others expired.
    const delayMs = Math.min(maxTimerMs, Math.max(1, Math.ceil(ms)));
    this.#timer = outsideOfCalls(() => setTimeout(() => this.#expire(), delayMs).unref());
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (let first = this.#first; first !== null && first.deadlineAt <= now; first = this.#first) {
      this.remove(first);
      try {
        first.onDeadline();
      } catch (error) {
        // The objects after it have a deadline as well.
        process.emitWarning(`an action at a deadline failed: ${messageOf(error)}`);
      }
    }
    if (this.#first !== null) {
      this.#arm(this.#first.deadlineAt - now);
    } else {
      this.onEmpty();
    }
  }
}
