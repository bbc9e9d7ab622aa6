import { clearTimeout, maxTimerMs, setTimeout } from "./real-timers.js";

/** A timer of any length. `setTimeout` takes at most 24 days and fires at once for more. `Infinity` means never. */
export class LongTimer {
  #timer: NodeJS.Timeout | undefined;
  #isRefed = true;

  constructor(
    private readonly callback: () => void,
    private readonly ms: number,
  ) {
    this.#wait(ms);
  }

  /** Starts the full time again. */
  restart(): void {
    if (this.ms <= maxTimerMs) {
      this.#timer?.refresh();
    } else {
      this.stop();
      this.#wait(this.ms);
    }
  }

  /** Stops keeping the process alive. */
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
