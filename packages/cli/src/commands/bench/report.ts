import type { JsonObject } from "@bufbuild/protobuf";
import { formatCount } from "../../terminal/figures.js";
import type { Tally } from "./tally.js";

/** The result of a load, and the settings that it ran with. */
export interface Report {
  readonly socket: string;
  /** The method's full name, `package.Service/Method`. */
  readonly method: string;
  readonly kind: string;
  readonly concurrency: number;
  /** The number of calls per second that were meant to start, if the load had a rate. */
  readonly rate?: number;
  readonly connections: number;
  readonly requestBytes: number;
  readonly date: Date;
  readonly tally: Tally;
  /** The duration of the measurement, without the warm-up. */
  readonly measuredMs: number;
}

/** The percentiles that reports show. */
export const percentiles = [50, 75, 90, 95, 99, 99.9, 99.99] as const;

/** Says how the calls were made: `64 calls at a time on 1 connection`. */
export function circumstances({ concurrency, rate, connections }: Report): string {
  const calls = concurrency === 1 ? "1 call" : `${formatCount(concurrency)} calls`;
  const atATime = rate === undefined ? calls : `${formatCount(rate)} calls/s, at most ${calls}`;
  return `${atATime} at a time on ${connections === 1 ? "1 connection" : `${formatCount(connections)} connections`}`;
}

export function callsPerSecond({ tally, measuredMs }: Report): number {
  return perSecond(tally.calls, measuredMs);
}

export function perSecond(count: number, ms: number): number {
  return ms === 0 ? 0 : (count / ms) * 1_000;
}

/** Returns the report in the form that `--json` prints. */
export function reportJson(report: Report): JsonObject {
  const { tally, measuredMs, date, ...about } = report;
  const { latency } = tally;
  return {
    ...about,
    date: date.toISOString(),
    measuredMs: round(measuredMs),
    calls: tally.calls,
    callsPerSecond: round(callsPerSecond(report)),
    messages: tally.messages,
    messagesPerSecond: round(perSecond(tally.messages, measuredMs)),
    failed: tally.failed,
    ...(report.rate !== undefined && { unmade: tally.unmade }),
    errors: tally.errors.map((error) => ({ ...error })),
    latencyMs: {
      min: round(latency.minMs),
      mean: round(latency.meanMs),
      deviation: round(latency.deviationMs),
      ...Object.fromEntries(percentiles.map((p) => [`p${p}`, round(latency.quantileMs(p / 100))])),
      max: round(latency.maxMs),
    },
    histogram: [...latency.buckets()].map(({ fromMs, toMs, count }) => ({
      fromMs: round(fromMs),
      toMs: round(toMs),
      count,
    })),
    intervals: tally.intervals.map(({ fromMs, toMs, calls, errors, p50Ms, p99Ms }) => ({
      fromMs: round(fromMs),
      toMs: round(toMs),
      callsPerSecond: round(perSecond(calls, toMs - fromMs)),
      errors,
      p50Ms: round(p50Ms),
      p99Ms: round(p99Ms),
    })),
  };
}

/** Rounds to a tenth of a microsecond. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
