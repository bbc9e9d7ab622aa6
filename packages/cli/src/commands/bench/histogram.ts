/** How many buckets each doubling of a value is divided into: a value is known to 1/128, so to less than 1 %. */
const bucketBits = 7;
const bucketsPerDoubling = 1 << bucketBits;

/** Values are counted in tenths of a microsecond, the finest that a clock in JavaScript tells apart. */
const unitsPerMs = 10_000;

/** Up to 2^31 units, some 59 hours. */
const bucketCount = (32 - bucketBits) * bucketsPerDoubling;

/** A stretch of values and how many were in it. */
export interface Bucket {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/**
 * Counts spans of time in buckets that grow with the value, as HdrHistogram does: constant memory and a few instructions a value,
 * whatever the spread.
 */
export class Histogram {
  readonly #counts = new Uint32Array(bucketCount);
  #count = 0;
  #sumMs = 0;
  #sumOfSquares = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }
  /** The exact least and greatest value; 0 where there is none. */
  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minMs;
  }
  get maxMs(): number {
    return this.#maxMs;
  }
  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }
  get deviationMs(): number {
    return this.#count === 0 ? 0 : Math.sqrt(Math.max(0, this.#sumOfSquares / this.#count - this.meanMs ** 2));
  }

  record(ms: number): void {
    const index = indexOf(ms);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count += 1;
    this.#sumMs += ms;
    this.#sumOfSquares += ms * ms;
    if (ms < this.#minMs) {
      this.#minMs = ms;
    }
    if (ms > this.#maxMs) {
      this.#maxMs = ms;
    }
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = this.#sumMs = this.#sumOfSquares = this.#maxMs = 0;
    this.#minMs = Number.POSITIVE_INFINITY;
  }

  /** The value that this share of all values, 0 to 1, does not exceed. */
  quantileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const { toMs, count } of this.buckets()) {
      seen += count;
      if (seen >= rank) {
        return Math.min(toMs, this.#maxMs);
      }
    }
    return 0;
  }

  /** The buckets that have values, from the least up. */
  *buckets(): Iterable<Bucket> {
    for (const [index, count] of this.#counts.entries()) {
      if (count > 0) {
        yield { fromMs: lowerBound(index), toMs: lowerBound(index + 1), count };
      }
    }
  }

  /** The values in this many stretches, each as much wider than the one before. */
  spread(stretches: number): Bucket[] {
    if (this.#count === 0) {
      return [];
    }
    const lowest = lowerBound(indexOf(this.#minMs)) || 1 / unitsPerMs;
    const highest = Math.max(lowerBound(indexOf(this.#maxMs) + 1), lowest * 1.1);
    const factor = (highest / lowest) ** (1 / stretches);
    const counts = new Array<number>(stretches).fill(0);
    for (const { fromMs, toMs, count } of this.buckets()) {
      const middle = (fromMs + toMs) / 2;
      const stretch = Math.floor(Math.log(Math.max(middle, lowest) / lowest) / Math.log(factor));
      const at = Math.min(stretches - 1, stretch);
      counts[at] = (counts[at] as number) + count;
    }
    return counts.map((count, i) => ({ fromMs: lowest * factor ** i, toMs: lowest * factor ** (i + 1), count }));
  }
}

/** Below 2 × 128 units each has a bucket; above, the highest eight bits choose it. */
function indexOf(ms: number): number {
  const units = Math.min(0x7fffffff, Math.max(0, Math.floor(ms * unitsPerMs)));
  const shift = Math.max(0, 31 - Math.clz32(units) - bucketBits);
  return shift * bucketsPerDoubling + (units >>> shift);
}

function lowerBound(index: number): number {
  const shift = Math.max(0, Math.floor(index / bucketsPerDoubling) - 1);
  return ((index - shift * bucketsPerDoubling) * 2 ** shift) / unitsPerMs;
}
