import { clearInterval, setInterval } from "../real-timers.js";
import { type Account, MIN_CONNECTION_WINDOW } from "./account.js";

/**
 * Notices a connection that holds more than the least, of which nothing moves, while all connections together hold more than they may:
 * what it holds is missing elsewhere. Its timer runs only while that is so.
 */
export class MemoryStallWatch {
  private readonly account: Account;
  private readonly timeoutMs: number;
  private readonly onStall: (heldBytes: number) => void;
  private timer: NodeJS.Timeout | null = null;
  private movesBefore = 0;

  constructor(account: Account, timeoutMs: number, onStall: (heldBytes: number) => void) {
    this.account = account;
    this.timeoutMs = timeoutMs;
    this.onStall = onStall;
  }

  /** To be called whenever the account has changed, or that of all. */
  observe(): void {
    if (this.account.shared?.isOver !== true || this.timer !== null || !this.holdsTooMuch) return;
    if (this.timeoutMs === 0 || this.timeoutMs === Number.POSITIVE_INFINITY) return;
    this.movesBefore = this.account.moves;
    this.timer = setInterval(() => this.check(), this.timeoutMs).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private get holdsTooMuch(): boolean {
    return this.account.shared?.isOver === true && this.account.heldBytes > MIN_CONNECTION_WINDOW;
  }

  private check(): void {
    const { moves, heldBytes } = this.account;
    if (!this.holdsTooMuch) this.stop();
    else if (moves === this.movesBefore) {
      this.stop();
      this.onStall(heldBytes);
    } else this.movesBefore = moves;
  }
}
