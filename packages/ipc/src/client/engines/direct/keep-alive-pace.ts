import { ErrorCode, type GoAway } from "@vyra/http2";
import { maxTimerMs } from "../../../time/real-timers.js";

/** How often the connections of a transport ask their server whether it still lives. */
export class KeepAlivePace {
  /** @param intervalMs in milliseconds; 0 and `Infinity` for never */
  constructor(public intervalMs: number) {}

  /**
   * The server may say that this is more often than it allows. Then the connections to come ask half as often, each time it says so
   * (gRFC A8): it would end them as well.
   */
  hear({ code, debug }: GoAway): void {
    if (code === ErrorCode.ENHANCE_YOUR_CALM && debug === "too_many_pings") {
      this.intervalMs = Math.min(this.intervalMs * 2, Math.max(this.intervalMs, maxTimerMs));
    }
  }
}
