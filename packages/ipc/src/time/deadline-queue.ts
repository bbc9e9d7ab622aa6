import { outsideOfCalls } from "../user-code/call-scope.js";
import { messageOf } from "../user-code/thrown.js";
import { clearTimeout, maxTimerMs, performance, setTimeout } from "./real-timers.js";

/** Something that has to be over by a certain moment. It is itself the entry of the list it waits in: no call makes one. */
export abstract class Timed {
  /** @internal */ deadlineAt = 0;
  /** @internal */ list: DeadlineList | null = null;
  /** @internal */ earlier: Timed | null = null;
  /** @internal */ later: Timed | null = null;

  /** Whether it has begun and neither ended nor come to its deadline. */
  get isUnderWay(): boolean {
    return this.list !== null;
  }

  /** Called once, at the deadline. */
  abstract onDeadline(): void;

  /** What remains, in milliseconds; undefined without a deadline. */
  leftMs(): number | undefined {
    return this.deadlineAt === 0 ? undefined : this.deadlineAt - performance.now();
  }
}

/**
 * Many deadlines on few timers. What starts with the same time limit ends in the order in which it started, so it waits in one
 * list with one timer, for its first; to start and to stop costs a few pointers. The timers do not hold the process: what
 * waits for a peer has a socket that does.
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

/** Those of this thread: the calls of a thousand channels wait on one timer, not on a thousand. */
export const deadlines = new Deadlines();

/**
 * An empty list keeps its timer, since the next call probably has the same limit as the last. Where each has one of its own (a
 * peer may send what remains of its time, to the microsecond), that would be a timer for every call that is over.
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
    clearTimeout(this.#timer); // of one that began while others expired
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
        // Those behind it have a deadline as well.
        process.emitWarning(`what was to happen at a deadline failed: ${messageOf(error)}`);
      }
    }
    if (this.#first !== null) {
      this.#arm(this.#first.deadlineAt - now);
    } else {
      this.onEmpty();
    }
  }
}
