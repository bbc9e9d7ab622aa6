import type { Account } from "../connection/account.js";
import { clearTimeout, performance, setTimeout } from "../real-timers.js";

/** The receive window of every stream while memory is scarce, in bytes. */
export const PRESSURE_WINDOW = 256;

/**
 * The shortest time for which the small windows apply, in milliseconds. Each change costs a SETTINGS frame, and peers
 * limit the number of those.
 */
const MIN_PRESSURE_MS = 1_000;

/**
 * Detects that a connection holds so much that its streams must get the smallest window. The new window is announced
 * with SETTINGS_INITIAL_WINDOW_SIZE, which changes the windows of all streams at once and may make them negative (RFC
 * 9113 §6.9.2). The window of a stream whose reader keeps up grows again.
 */
export class MemoryPressure {
  private readonly account: Account;
  private readonly announce: (initialWindowSize: number) => void;
  /** The initial window size that applies when memory is not scarce, in bytes. */
  private normalWindow = 0;
  private since = 0;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  /** Whether memory is scarce. */
  isHigh = false;

  constructor(account: Account, announce: (initialWindowSize: number) => void) {
    this.account = account;
    this.announce = announce;
  }

  /** Returns the initial window size to announce now if the caller has asked for this one. */
  admit(initialWindowSize: number): { readonly initialWindowSize: number } {
    this.normalWindow = initialWindowSize;
    return { initialWindowSize: this.isHigh ? Math.min(PRESSURE_WINDOW, initialWindowSize) : initialWindowSize };
  }

  /** Checks the account. It must be called whenever the account has changed. */
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
