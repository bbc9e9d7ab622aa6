import { clearTimeout, maxTimerMs, setTimeout } from "../../time/real-timers.js";

/**
 * Calls back when a connection has had no call for a long time, since a channel that was dropped without `close()`
 * would keep its connection for ever. The timer keeps neither the process nor the channel alive.
 */
export class IdleTimeout {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs the time in milliseconds; 0, or more than `maxTimerMs`, means never */
  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
  }

  /** Starts the time. Called when there are no calls any more. */
  start(): void {
    clearTimeout(this.#timer);
    if (this.#timeoutMs > 0 && this.#timeoutMs <= maxTimerMs) {
      this.#timer = setTimeout(this.#onIdle, this.#timeoutMs).unref();
    }
  }

  /** Stops the time. Called when there is a call, and when the connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
