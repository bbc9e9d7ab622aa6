import { readdirSync } from "node:fs";

/** The resources that a process holds. */
export interface Holdings {
  readonly heapMiB: number;
  readonly rssMiB: number;
  readonly fds: number;
  readonly timers: number;
  readonly handles: number;
  readonly listeners: number;
}

/** Measures this process after a garbage collection; needs --expose-gc. */
export async function measure(): Promise<Holdings> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((type) => type === "Timeout" || type === "Immediate").length;
  return {
    heapMiB: (heapUsed + external) / 2 ** 20,
    rssMiB: rss / 2 ** 20,
    fds: readdirSync("/proc/self/fd").length,
    timers,
    handles: resources.length - timers,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

/** How much each resource may grow from the end of the warm-up to the end of the run. */
export const bounds: Holdings = { heapMiB: 6, rssMiB: 60, fds: 4, timers: 4, handles: 6, listeners: 0 };

/**
 * Returns the growth of each resource: from the median of the first third of the samples to that of the last third, so
 * that no single sample decides.
 */
export function growth(samples: readonly Holdings[]): Holdings {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const of = (key: keyof Holdings) => median(samples.slice(-third), key) - median(samples.slice(0, third), key);
  return {
    heapMiB: of("heapMiB"),
    rssMiB: of("rssMiB"),
    fds: of("fds"),
    timers: of("timers"),
    handles: of("handles"),
    listeners: of("listeners"),
  };
}

function median(samples: readonly Holdings[], key: keyof Holdings): number {
  const sorted = samples.map((sample) => sample[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
