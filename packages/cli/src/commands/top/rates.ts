import type { LatencyHistogram, MethodStats, StatsResponse } from "@vyra/ipc/proto";

/** The activity of a method between two samples, and its totals since the server started. */
export interface MethodRate {
  readonly method: string;
  readonly callsPerSecond: number;
  readonly errorsPerSecond: number;
  readonly inProgress: number;
  /** The median latency of the calls that ended between the samples; undefined if none did. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly calls: number;
  readonly errors: number;
}

export interface MemoryHeld {
  readonly unreadBytes: number;
  readonly unfinishedBytes: number;
  readonly waitingBytes: number;
  readonly fieldBytes: number;
  readonly limitBytes: number;
}

/** The activity of a server between two samples. */
export interface ServerRate {
  /** The memory that waiting data takes, by kind and in bytes; undefined if the server does not report it. */
  readonly memory: MemoryHeld | undefined;
  readonly uptimeMs: number;
  readonly connections: number;
  readonly callsPerSecond: number;
  readonly errorsPerSecond: number;
  /** The methods, the busiest first. */
  readonly methods: readonly MethodRate[];
}

/**
 * Computes the activity between two samples of a server's counts. If the server was restarted in between, its counts
 * since the start are used.
 */
export function ratesBetween(before: StatsResponse, after: StatsResponse): ServerRate {
  const isSame = after.uptimeMs >= before.uptimeMs;
  const seconds = Number(isSame ? after.uptimeMs - before.uptimeMs : after.uptimeMs) / 1_000 || 1;
  const known = new Map(isSame ? before.methods.map((stats) => [stats.method, stats]) : []);
  const methods = after.methods
    .map((stats) => methodRate(known.get(stats.method), stats, seconds))
    .sort((a, b) => b.callsPerSecond - a.callsPerSecond || b.calls - a.calls || (a.method < b.method ? -1 : 1));
  return {
    uptimeMs: Number(after.uptimeMs),
    connections: Number(after.openConnections),
    memory: after.memory && {
      unreadBytes: Number(after.memory.unreadBytes),
      unfinishedBytes: Number(after.memory.unfinishedBytes),
      waitingBytes: Number(after.memory.waitingBytes),
      fieldBytes: Number(after.memory.fieldBytes),
      limitBytes: Number(after.memory.limitBytes),
    },
    callsPerSecond: sum(methods.map((one) => one.callsPerSecond)),
    errorsPerSecond: sum(methods.map((one) => one.errorsPerSecond)),
    methods,
  };
}

function methodRate(before: MethodStats | undefined, after: MethodStats, seconds: number): MethodRate {
  const counts = difference(before?.latency, after.latency);
  const bounds = after.latency?.boundsMs ?? [];
  return {
    method: after.method,
    callsPerSecond: (callsOf(after) - callsOf(before)) / seconds,
    errorsPerSecond: (errorsOf(after) - errorsOf(before)) / seconds,
    inProgress: Number(after.inProgress),
    p50Ms: quantile(0.5, bounds, counts),
    p99Ms: quantile(0.99, bounds, counts),
    calls: callsOf(after),
    errors: errorsOf(after),
  };
}

function callsOf(stats: MethodStats | undefined): number {
  return sum(Object.values(stats?.ended ?? {}).map(Number));
}

function errorsOf(stats: MethodStats | undefined): number {
  return callsOf(stats) - Number(stats?.ended[0] ?? 0);
}

function difference(before: LatencyHistogram | undefined, after: LatencyHistogram | undefined): number[] {
  return (after?.counts ?? []).map((count, index) => Number(count - (before?.counts[index] ?? 0n)));
}

/** Estimates a quantile from a histogram, as if the values within a bucket were spread evenly. */
function quantile(share: number, bounds: readonly number[], counts: readonly number[]): number | undefined {
  const rank = share * sum(counts);
  let seen = 0;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && seen + count >= rank) {
      const from = bounds[index - 1] ?? 0;
      const to = bounds[index] ?? from; // the last bucket has no upper bound
      return from + (to - from) * ((rank - seen) / count);
    }
    seen += count;
  }
  return undefined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
