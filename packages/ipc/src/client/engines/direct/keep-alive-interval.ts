import { ErrorCode, type GoAway } from "@vyra/http2";
import { maxTimerMs } from "../../../time/real-timers.js";

/** The interval at which a transport's connections send keepalive PINGs. */
export class KeepAliveInterval {
  /** @param intervalMs the interval in milliseconds; 0 and `Infinity` mean never */
  constructor(public intervalMs: number) {}

  /**
   * Doubles the interval of future connections when the server says in a GOAWAY that it allows no PINGs this often
   * (gRFC A8), since it would end those connections as well.
   */
  onGoAway({ code, debug }: GoAway): void {
    if (code === ErrorCode.ENHANCE_YOUR_CALM && debug === "too_many_pings") {
      this.intervalMs = Math.min(this.intervalMs * 2, Math.max(this.intervalMs, maxTimerMs));
    }
  }
}
