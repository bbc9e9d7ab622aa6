import { clearInterval, setImmediate, setInterval } from "../real-timers.js";

/**
 * Detects a peer that has started a field block, or a frame other than DATA, and does not finish it. Nothing else may
 * follow within a field block (RFC 9113 §6.10), so the connection is of no use meanwhile. The timer runs only while
 * something is unfinished.
 */
export class FieldBlockWatch {
  private readonly timeoutMs: number;
  private readonly unfinished: () => object | null;
  private readonly onStuck: () => void;
  private timer: NodeJS.Timeout | null = null;
  private before: object | null = null;

  /** @param unfinished returns an object that identifies what is unfinished now, or null */
  constructor(timeoutMs: number, unfinished: () => object | null, onStuck: () => void) {
    this.timeoutMs = timeoutMs;
    this.unfinished = unfinished;
    this.onStuck = onStuck;
  }

  /** Starts the timer if necessary. It must be called whenever something is unfinished. */
  observe(): void {
    if (this.timer !== null || this.timeoutMs === 0) return;
    this.before = this.unfinished();
    // If this process has been busy, the rest may be unread in the socket: the next turn reads it.
    const timer = setInterval(() => setImmediate(() => this.check(timer)), this.timeoutMs).unref();
    this.timer = timer;
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.before = null;
  }

  private check(timer: NodeJS.Timeout): void {
    if (this.timer !== timer) return;
    const now = this.unfinished();
    if (now === null) this.stop();
    else if (now === this.before) {
      this.stop();
      this.onStuck();
    } else this.before = now;
  }
}
