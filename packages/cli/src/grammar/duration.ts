import { usage } from "../failure.js";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Parses a duration such as `500ms`, `10s` or `1m30s`; returns milliseconds. @throws {Failure} if the text is not a
 * duration.
 */
export function parseDuration(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$|^0$/.test(text)) {
    throw usage(`${JSON.stringify(text)} is not a duration: write 500ms, 10s or 1m30s`);
  }
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    ms += Number(number) * (units[unit as string] as number);
  }
  return ms;
}

/** Formats a duration in the form that `parseDuration` reads: `1m30s`. */
export function formatDuration(ms: number): string {
  const parts = [
    [Math.floor(ms / 3_600_000), "h"],
    [Math.floor(ms / 60_000) % 60, "m"],
    [Math.floor(ms / 1_000) % 60, "s"],
    [ms % 1_000, "ms"],
  ] as const;
  return parts.map(([count, unit]) => (count === 0 ? "" : `${count}${unit}`)).join("") || "0";
}

/** Parses a duration greater than 0; returns milliseconds. @throws {Failure} if the text is not one. */
export function parseSpan(text: string): number {
  const ms = parseDuration(text);
  if (ms <= 0) {
    throw usage(`${text} is not a duration greater than 0`);
  }
  return ms;
}
