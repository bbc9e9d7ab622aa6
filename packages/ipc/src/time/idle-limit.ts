import { deadlines, Timed } from "./deadline-queue.js";
import { performance } from "./real-timers.js";

/** How often it is checked within the limit whether something has happened. */
const checksWithinLimit = 16;

/**
 * Calls back when nothing has happened for some time. What happens is counted, which costs next to nothing, and the
 * count is checked periodically. The limit is therefore exceeded by up to a sixteenth.
 */
export class IdleLimit extends Timed {
  /** Counts what has happened. It may overflow. */
  #ticks = 0;
  #checkedTicks = 0;
  #activeAt = 0;

  /**
   * @param limitMs the time without an event, in milliseconds
   * @param onIdle called once
   */
  constructor(
    readonly limitMs: number,
    private readonly onIdle: () => void,
  ) {
    super();
  }

  start(): void {
    this.#activeAt = performance.now();
    this.#check();
  }

  stop(): void {
    deadlines.stop(this);
  }

  /** Notes that something has happened. */
  tick(): void {
    this.#ticks = (this.#ticks + 1) | 0;
  }

  onDeadline(): void {
    const now = performance.now();
    if (this.#ticks !== this.#checkedTicks) {
      this.#checkedTicks = this.#ticks;
      this.#activeAt = now;
    }
    if (now - this.#activeAt >= this.limitMs) {
      this.onIdle();
    } else {
      this.#check();
    }
  }

  #check(): void {
    deadlines.start(this, this.limitMs / checksWithinLimit);
  }
}
