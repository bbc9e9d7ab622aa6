import type { Latency } from "../contract/lines.js";

/** Counts of times by size, 64 steps to each doubling: within 1.6 % of the truth, whatever the size. */
const stepBits = 6;
const steps = 1 << stepBits;
const unitsPerMs = 10_000; // of 100 ns each; 2^31 of them are 3.5 minutes

export class Histogram {
  readonly #counts = new Uint32Array(steps * (33 - stepBits));
  #total = 0;

  /** @param ms as performance.now() counts */
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
