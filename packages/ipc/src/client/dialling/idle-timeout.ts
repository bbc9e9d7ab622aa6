import { clearTimeout, maxTimerMs, setTimeout } from "../../time/real-timers.js";

/**
 * Calls back when a connection has had no call for a long time: a channel that was dropped without `close()` would keep it for ever.
 * It holds neither the process nor the channel.
 */
export class IdleTimeout {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs 0, or more than `maxTimerMs`, is never. */
  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
  }

  /** There is no call any more. */
  start(): void {
    clearTimeout(this.#timer);
    if (this.#timeoutMs > 0 && this.#timeoutMs <= maxTimerMs) {
      this.#timer = setTimeout(this.#onIdle, this.#timeoutMs).unref();
    }
  }

  /** There is a call, or the connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
