import { clearInterval, setInterval } from "../real-timers.js";
import type { DataSender } from "../send/data.js";

/**
 * The number of bytes that may wait for any length of time: a reader that pauses for an hour in one large message is
 * slow, not hostile. If more bytes wait and none of them is sent, the peer keeps its windows shut to occupy memory
 * (CVE-2019-9517).
 */
export const MIN_STALLED_BYTES = 16 * 2 ** 20;

/** Detects that data queued for sending has stopped moving. The timer runs only while enough data is queued. */
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

  /** Starts the timer if necessary. It must be called whenever more data may have been queued. */
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
