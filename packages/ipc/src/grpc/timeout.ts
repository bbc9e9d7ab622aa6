/** The header that carries the time left for a call: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. */
export const timeoutHeader = "grpc-timeout";

/** The largest TimeoutValue, which has at most eight digits. */
const maxValue = 99_999_999;

/** The values of TimeoutUnit in milliseconds, from coarse to fine. */
const units: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 1e-3],
  ["n", 1e-6],
]);

/** Formats a timeout as a `grpc-timeout`, rounded up so that the peer never gives up before this side does. */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs < 1) {
    return `${Math.max(1, Math.ceil(timeoutMs * 1_000))}u`;
  }
  // Milliseconds suffice for timeouts of up to 27 hours; longer ones do not need that precision.
  for (const unit of ["m", "S", "M"]) {
    const value = Math.ceil(timeoutMs / (units.get(unit) ?? 1));
    if (value <= maxValue) {
      return `${value}${unit}`;
    }
  }
  return `${Math.min(maxValue, Math.ceil(timeoutMs / 3_600_000))}H`;
}

/** Parses a `grpc-timeout` and returns milliseconds; undefined if it is malformed. */
export function parseTimeout(value: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  const unitMs = units.get(match?.[2] ?? "");
  return unitMs === undefined ? undefined : Number(match?.[1]) * unitMs;
}
