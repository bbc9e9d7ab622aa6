/** The number of buckets for each doubling of the duration; values are known to within 9 %. */
const bucketsPerDoubling = 8;
const shortestMs = 0.001;
/** 37 doublings of 1 µs are 38 hours. */
const doublings = 37;

/** The upper bounds of the buckets, in milliseconds. The last bucket has none. */
export const latencyBoundsMs: readonly number[] = Array.from(
  { length: doublings * bucketsPerDoubling + 1 },
  (_, index) => shortestMs * 2 ** (index / bucketsPerDoubling),
);

/** How long calls took. Percentiles are exact to within 9 %. */
export interface LatencyStats {
  /** The number of calls. */
  readonly count: number;
  /** The mean, in milliseconds. */
  readonly meanMs: number;
  /** The median, in milliseconds. */
  readonly p50Ms: number;
  /** The 90th percentile, in milliseconds. */
  readonly p90Ms: number;
  /** The 99th percentile, in milliseconds. */
  readonly p99Ms: number;
  /** The longest duration, in milliseconds. It is exact. */
  readonly maxMs: number;
  /** The number of calls in each bucket that is not empty, ascending; `upToMs` is the bucket's upper bound. */
  readonly buckets: readonly { readonly upToMs: number; readonly count: number }[];
}

/** Counts durations in buckets of exponentially growing width. */
export class Histogram {
  readonly #counts = new Float64Array(latencyBoundsMs.length + 1);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  add(ms: number): void {
    const place = Math.ceil(Math.log2(ms / shortestMs) * bucketsPerDoubling);
    const index = place > 0 ? Math.min(place, latencyBoundsMs.length) : 0; // For 0 ms it is -Infinity.
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#maxMs) {
      this.#maxMs = ms;
    }
  }

  snapshot(): LatencyStats {
    const buckets = [...this.#counts]
      .map((count, index) => ({ upToMs: latencyBoundsMs[index] ?? Number.POSITIVE_INFINITY, count }))
      .filter(({ count }) => count > 0);
    const percentile = (share: number) => {
      let below = 0;
      for (const { upToMs, count } of buckets) {
        below += count;
        if (below >= share * this.#count) {
          return Math.min(upToMs, this.#maxMs);
        }
      }
      return 0;
    };
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
      p50Ms: percentile(0.5),
      p90Ms: percentile(0.9),
      p99Ms: percentile(0.99),
      maxMs: this.#maxMs,
      buckets,
    };
  }
}
