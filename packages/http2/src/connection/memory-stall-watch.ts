import { clearInterval, setInterval } from "../real-timers.js";
import { type Account, MIN_CONNECTION_WINDOW } from "./account.js";

/**
 * Detects a connection that holds more than its minimum without releasing any of it, while all connections together
 * exceed their limit: its memory is missing for the others. The timer runs only while both conditions hold.
 */
export class MemoryStallWatch {
  private readonly account: Account;
  private readonly timeoutMs: number;
  private readonly onStall: (heldBytes: number) => void;
  private timer: NodeJS.Timeout | null = null;
  private releasesBefore = 0;

  constructor(account: Account, timeoutMs: number, onStall: (heldBytes: number) => void) {
    this.account = account;
    this.timeoutMs = timeoutMs;
    this.onStall = onStall;
  }

  /** Starts the timer if necessary. It must be called whenever the account or the shared account has changed. */
  observe(): void {
    if (this.account.shared?.isOverLimit !== true || this.timer !== null || !this.holdsTooMuch) return;
    if (this.timeoutMs === 0 || this.timeoutMs === Number.POSITIVE_INFINITY) return;
    this.releasesBefore = this.account.releases;
    this.timer = setInterval(() => this.check(), this.timeoutMs).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private get holdsTooMuch(): boolean {
    return this.account.shared?.isOverLimit === true && this.account.heldBytes > MIN_CONNECTION_WINDOW;
  }

  private check(): void {
    const { releases, heldBytes } = this.account;
    if (!this.holdsTooMuch) this.stop();
    else if (releases === this.releasesBefore) {
      this.stop();
      this.onStall(heldBytes);
    } else this.releasesBefore = releases;
  }
}
