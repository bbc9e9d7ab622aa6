import { Code } from "@connectrpc/connect";

/** A code's name as gRPC writes it: `DEADLINE_EXCEEDED`. */
export function codeName(code: Code): string {
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

/** The time since `start`, a `performance.now()`, in whole microseconds. */
export function microsecondsSince(start: number): number {
  return Math.round((performance.now() - start) * 1_000);
}

/** A duration for people to read: `480 µs`, `1.3 ms`, `52 ms`. */
export function formatMicroseconds(us: number): string {
  if (us < 1_000) {
    return `${us} µs`;
  }
  return `${(us / 1_000).toFixed(us < 10_000 ? 1 : 0)} ms`;
}
