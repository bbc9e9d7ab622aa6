import { clearInterval, setImmediate, setInterval } from "../real-timers.js";

/**
 * Notices that a peer has begun a field block, or a frame other than DATA, and does not finish it. Within a block nothing else may
 * come (RFC 9113 §6.10), so the connection is of no use to anybody meanwhile. Its timer runs only while something is unfinished.
 */
export class FieldBlockWatch {
  private readonly timeoutMs: number;
  private readonly unfinished: () => object | null;
  private readonly onStuck: () => void;
  private timer: NodeJS.Timeout | null = null;
  private before: object | null = null;

  /** @param unfinished what stands for that which is unfinished now, as long as it is the same */
  constructor(timeoutMs: number, unfinished: () => object | null, onStuck: () => void) {
    this.timeoutMs = timeoutMs;
    this.unfinished = unfinished;
    this.onStuck = onStuck;
  }

  /** To be called when something has been left unfinished. */
  observe(): void {
    if (this.timer !== null || this.timeoutMs === 0) return;
    this.before = this.unfinished();
    // If this process was busy meanwhile, the rest may lie there unread: the next turn reads it.
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
