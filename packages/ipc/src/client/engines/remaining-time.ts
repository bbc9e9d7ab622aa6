/**
 * What every engine of the client needs to run calls. An engine has a folder of its own (`direct`, `node`, `undici`)
 * and exports a function that creates an `EngineTransport`; `connect` is what `node` and `undici` share.
 */

import { formatTimeout, timeoutHeader } from "../../grpc/index.js";
import { deadlineExceeded, remainingMs } from "../../time/signal-deadline.js";

/**
 * Sets `grpc-timeout` to the remaining time of the call, at the moment of the attempt.
 *
 * @throws {ConnectError} DeadlineExceeded if no time remains.
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
