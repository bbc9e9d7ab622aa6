import { performance, setImmediate } from "../time/real-timers.js";
import { outsideOfCalls } from "../user-code/call-scope.js";

/** Something that is called in each turn of the event loop while the loop turns for it. */
export interface Turning {
  /** Called with the time in milliseconds. Returns whether the loop should turn once more. */
  onTurn(nowMs: number): boolean;
}

/**
 * Keeps the event loop turning: while an immediate is scheduled, the loop looks for timers and I/O without sleeping.
 * Everything else that the loop has to do is done in each turn, before the immediate of the next. One immediate serves
 * all channels and servers of a thread.
 */
export class Turns {
  readonly #turning: Turning[] = [];
  #isScheduled = false;
  #count = 0;

  constructor(
    private readonly schedule: (turn: () => void) => void,
    private readonly nowMs: () => number,
  ) {}

  /** The number of turns so far. */
  get count(): number {
    return this.#count;
  }

  /** Calls `onTurn()` in each turn from now on, until it returns false. It must not be among those called already. */
  start(turning: Turning): void {
    this.#turning.push(turning);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      outsideOfCalls(() => this.schedule(this.#turn)); // the context of a call would be kept for as long as it turns
    }
  }

  readonly #turn = (): void => {
    this.#count++;
    const turning = this.#turning;
    const now = this.nowMs();
    let kept = 0;
    for (const each of turning) {
      if (each.onTurn(now)) {
        turning[kept++] = each;
      }
    }
    turning.length = kept;
    if (kept > 0) {
      this.schedule(this.#turn);
    } else {
      this.#isScheduled = false;
    }
  };
}

/** The turns of this thread. */
export const turns = new Turns((turn) => void setImmediate(turn), performance.now);
