import { clearInterval, setInterval } from "../real-timers.js";
import type { DataSender } from "../send/data.js";

/**
 * As much may wait for ever: a reader that pauses for an hour over one large message is slow, not hostile. More than this, with
 * not one byte of it moving, is memory held hostage by windows kept shut (CVE-2019-9517).
 */
export const MIN_STALLED_BYTES = 16 * 2 ** 20;

/** Notices that what waits to be sent has stopped moving. Its timer runs only while that much is waiting. */
export class SendStallWatch {
  private readonly sender: DataSender;
  private readonly timeoutMs: number;
  private readonly onStall: (waitingBytes: number) => void;
  private timer: NodeJS.Timeout | null = null;
  private sentBefore = 0;

  constructor(sender: DataSender, timeoutMs: number, onStall: (waitingBytes: number) => void) {
    this.sender = sender;
    this.timeoutMs = timeoutMs;
    this.onStall = onStall;
  }

  /** To be called whenever more may be waiting. */
  observe(): void {
    if (this.timer !== null || this.timeoutMs === 0 || this.sender.waitingBytes <= MIN_STALLED_BYTES) return;
    this.sentBefore = this.sender.sentBytes;
    this.timer = setInterval(() => this.check(), this.timeoutMs).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private check(): void {
    const { sentBytes, waitingBytes } = this.sender;
    if (waitingBytes <= MIN_STALLED_BYTES) this.stop();
    else if (sentBytes === this.sentBefore) {
      this.stop();
      this.onStall(waitingBytes);
    } else this.sentBefore = sentBytes;
  }
}
