import { parseTimeout, timeoutHeader } from "../../../grpc/index.js";
import { maxTimerMs } from "../../../time/real-timers.js";

const connectTimeoutHeader = "connect-timeout-ms";

/** The longest time limit that setTimeout takes and eight digits of a `grpc-timeout` can say: 24 days. */
const longest = { grpc: `${Math.floor(maxTimerMs / 1_000)}S`, connect: String(maxTimerMs) };

/**
 * What Connect's handlers are to be told of a call's time limit, by the names of its headers: they keep it by setTimeout, which takes
 * a time of more than 24 days for one millisecond. One that is longer than the server allows is left to them to refuse.
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
