import { clearTimeout, maxTimerMs, setTimeout } from "./real-timers.js";

/** A timer of any length: `setTimeout` takes 24 days, and fires at once for more. `Infinity` is never. */
export class LongTimer {
  #timer: NodeJS.Timeout | undefined;
  #isRefed = true;

  constructor(
    private readonly callback: () => void,
    private readonly ms: number,
  ) {
    this.#wait(ms);
  }

  /** Begins anew. */
  restart(): void {
    if (this.ms <= maxTimerMs) {
      this.#timer?.refresh();
    } else {
      this.stop();
      this.#wait(this.ms);
    }
  }

  /** From now on it does not hold the process. */
  unref(): void {
    this.#isRefed = false;
    this.#timer?.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    if (ms <= maxTimerMs) {
      this.#timer = setTimeout(this.callback, ms);
    } else if (ms !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#wait(ms - maxTimerMs), maxTimerMs);
    }
    if (!this.#isRefed) {
      this.#timer?.unref();
    }
  }
}
