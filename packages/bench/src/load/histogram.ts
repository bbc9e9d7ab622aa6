import type { Latency } from "../contract/lines.js";

/** Counts durations in buckets, 64 for each doubling, so that any value is known to 1.6 %. */
const stepBits = 6;
const steps = 1 << stepBits;
const unitsPerMs = 10_000; // a unit is 100 ns, and 2^31 units are 3.5 minutes

export class Histogram {
  readonly #counts = new Uint32Array(steps * (33 - stepBits));
  #total = 0;

  /** @param ms a duration as the difference of two values of performance.now() */
  record(ms: number): void {
    const units = (ms * unitsPerMs) | 0;
    const shift = Math.max(0, 31 - stepBits - Math.clz32(units));
    const index = shift * steps + (units >> shift);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
  }

  latencyUs(): Latency {
    return {
      p10: this.#quantileUs(0.1),
      p25: this.#quantileUs(0.25),
      p50: this.#quantileUs(0.5),
      p75: this.#quantileUs(0.75),
      p90: this.#quantileUs(0.9),
      p99: this.#quantileUs(0.99),
      p999: this.#quantileUs(0.999),
    };
  }

  #quantileUs(quantile: number): number {
    let left = Math.ceil(quantile * this.#total);
    const index = this.#counts.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    const shift = Math.max(0, Math.floor(index / steps) - 1);
    const units = (index - shift * steps + 0.5) * 2 ** shift;
    return Math.round((units / unitsPerMs) * 1e6) / 1000;
  }
}
