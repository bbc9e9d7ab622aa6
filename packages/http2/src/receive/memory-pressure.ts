import type { Account } from "../connection/account.js";
import { clearTimeout, performance, setTimeout } from "../real-timers.js";

/** Every stream's window while memory is scarce. */
export const PRESSURE_WINDOW = 256;

/** How long that lasts at the least: each change is a SETTINGS frame, of which a peer may take only so many for honest. */
const MIN_PRESSURE_MS = 1_000;

/**
 * Whether a connection holds so much that its streams get no more than the least. That is said by SETTINGS_INITIAL_WINDOW_SIZE, which
 * moves the windows of all streams at once, below zero too (RFC 9113 §6.9.2). A stream whose reader keeps up has its window grow again.
 */
export class MemoryPressure {
  private readonly account: Account;
  private readonly announce: (initialWindowSize: number) => void;
  /** What a stream's window is to be when there is enough. */
  private normalWindow = 0;
  private since = 0;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  isHigh = false;

  constructor(account: Account, announce: (initialWindowSize: number) => void) {
    this.account = account;
    this.announce = announce;
  }

  /** What to announce where this is wanted. */
  admit(initialWindowSize: number): { readonly initialWindowSize: number } {
    this.normalWindow = initialWindowSize;
    return { initialWindowSize: this.isHigh ? Math.min(PRESSURE_WINDOW, initialWindowSize) : initialWindowSize };
  }

  observe(): void {
    const { receivedBytes, limitBytes } = this.account;
    if (!this.isHigh) {
      if (receivedBytes >= limitBytes / 8) this.begin();
    } else if (receivedBytes < limitBytes / 16 && this.timer === null) {
      this.timer = setTimeout(() => this.end(), Math.max(1, this.since + MIN_PRESSURE_MS - performance.now())).unref();
    }
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private begin(): void {
    this.isHigh = true;
    this.since = performance.now();
    if (this.normalWindow > PRESSURE_WINDOW) this.announce(PRESSURE_WINDOW);
  }

  private end(): void {
    this.timer = null;
    if (this.isStopped || this.account.receivedBytes >= this.account.limitBytes / 16) return;
    this.isHigh = false;
    if (this.normalWindow > PRESSURE_WINDOW) this.announce(this.normalWindow);
  }
}
