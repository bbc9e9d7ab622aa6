/** The header that carries a call's remaining time, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. */
export const timeoutHeader = "grpc-timeout";

/** TimeoutValue has at most eight digits. */
const maxValue = 99_999_999;

/** The units of TimeoutUnit, in milliseconds, from coarse to fine. */
const units: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 1e-3],
  ["n", 1e-6],
]);

/** Writes a time limit as `grpc-timeout` has it, rounded up so that the peer never gives up before we do. */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs < 1) {
    return `${Math.max(1, Math.ceil(timeoutMs * 1_000))}u`;
  }
  // Milliseconds reach to 27 hours; beyond that nobody misses them.
  for (const unit of ["m", "S", "M"]) {
    const value = Math.ceil(timeoutMs / (units.get(unit) ?? 1));
    if (value <= maxValue) {
      return `${value}${unit}`;
    }
  }
  return `${Math.min(maxValue, Math.ceil(timeoutMs / 3_600_000))}H`;
}

/** Reads a `grpc-timeout`, in milliseconds; undefined where it is none. */
export function parseTimeout(value: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  const unitMs = units.get(match?.[2] ?? "");
  return unitMs === undefined ? undefined : Number(match?.[1]) * unitMs;
}
