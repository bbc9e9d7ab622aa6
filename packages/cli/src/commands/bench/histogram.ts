/** Each doubling of a value is divided into 2^7 buckets, so a value is known to 1/128, which is less than 1 %. */
const bucketBits = 7;
const bucketsPerDoubling = 1 << bucketBits;

/** Values are counted in tenths of a microsecond, the finest step that a clock in JavaScript has. */
const unitsPerMs = 10_000;

/** The buckets hold values of up to 2^31 units, which is about 59 hours. */
const bucketCount = (32 - bucketBits) * bucketsPerDoubling;

/** A range of values, and the number of values in it. */
export interface Bucket {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/**
 * Counts durations in buckets that grow with the value, as HdrHistogram does: the memory is constant, and recording a
 * value takes a few instructions, whatever the range of values.
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
  /** The exact smallest value; 0 if there is none. `maxMs` is the exact largest one. */
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

  /**
   * Returns the quantile of all values for a share between 0 and 1: the value that this share of them does not exceed.
   */
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

  /** Yields the buckets that are not empty, in ascending order. */
  *buckets(): Iterable<Bucket> {
    for (const [index, count] of this.#counts.entries()) {
      if (count > 0) {
        yield { fromMs: lowerBound(index), toMs: lowerBound(index + 1), count };
      }
    }
  }

  /** Returns the values in this many ranges. Each range is wider than the previous one by the same factor. */
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

/** Each value below 2 × 128 units has its own bucket; for a larger value the highest eight bits choose the bucket. */
function indexOf(ms: number): number {
  const units = Math.min(0x7fffffff, Math.max(0, Math.floor(ms * unitsPerMs)));
  const shift = Math.max(0, 31 - Math.clz32(units) - bucketBits);
  return shift * bucketsPerDoubling + (units >>> shift);
}

function lowerBound(index: number): number {
  const shift = Math.max(0, Math.floor(index / bucketsPerDoubling) - 1);
  return ((index - shift * bucketsPerDoubling) * 2 ** shift) / unitsPerMs;
}
