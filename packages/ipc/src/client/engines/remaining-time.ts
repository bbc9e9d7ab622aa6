import { formatTimeout, timeoutHeader } from "../../grpc/index.js";
import { deadlineExceeded, remainingMs } from "../../time/signal-deadline.js";

/**
 * Tells the peer what remains of the call's time, at the moment of the attempt.
 *
 * @throws {ConnectError} DeadlineExceeded if nothing does.
 */
export function sendRemainingTime(req: { readonly header: Headers; readonly signal: AbortSignal }): void {
  const leftMs = remainingMs(req.signal);
  if (leftMs === undefined) {
    return;
  }
  if (leftMs <= 0) {
    throw deadlineExceeded("deadline", 0);
  }
  req.header.set(timeoutHeader, formatTimeout(leftMs));
}
