import { parseTimeout, timeoutHeader } from "../../../grpc/index.js";
import { maxTimerMs } from "../../../time/real-timers.js";

const connectTimeoutHeader = "connect-timeout-ms";

/** The longest timeouts that both setTimeout and eight digits of a `grpc-timeout` allow: 24 days. */
const longest = { grpc: `${Math.floor(maxTimerMs / 1_000)}S`, connect: String(maxTimerMs) };

/**
 * Returns the timeout headers that must be changed for Connect's handlers, which use setTimeout: it takes more than 24
 * days for one millisecond. Timeouts above the server's limit are left to the handlers, which refuse them.
 */
export function longTimeouts(
  field: (name: string) => string | undefined,
  maxTimeoutMs = Number.POSITIVE_INFINITY,
): [name: string, value: string][] {
  const isTooLong = (timeoutMs: number | undefined) =>
    timeoutMs !== undefined && timeoutMs > maxTimerMs && timeoutMs <= maxTimeoutMs;
  const connect = field(connectTimeoutHeader) ?? "";
  const changed: [string, string][] = [];
  if (isTooLong(parseTimeout(field(timeoutHeader) ?? ""))) {
    changed.push([timeoutHeader, longest.grpc]);
  }
  if (/^\d{1,10}$/.test(connect) && isTooLong(Number(connect))) {
    changed.push([connectTimeoutHeader, longest.connect]);
  }
  return changed;
}
