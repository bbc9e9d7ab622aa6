import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Histogram } from "../dist/commands/bench/histogram.js";

describe("a histogram", () => {
  const values = fc.array(fc.double({ min: 0.0001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 });

  it("has any quantile to less than 1 %, or a tenth of a microsecond", () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const histogram = histogramOf(list);
        const sorted = [...list].sort((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(share * list.length) - 1)] as number;
        const found = histogram.quantileMs(share);
        assert.ok(Math.abs(found - exact) <= exact * 0.01 + 0.000_11, `${found} instead of ${exact}`);
      }),
    );
  });

  it("has the exact minimum, maximum and mean", () => {
    const histogram = histogramOf([1.25, 0.5, 3]);
    assert.deepEqual([histogram.minMs, histogram.maxMs, histogram.meanMs], [0.5, 3, 4.75 / 3]);
    assert.equal(histogram.count, 3);
  });

  it("divides all values into the given number of ranges", () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 60 }), (list, stretches) => {
        const spread = histogramOf(list).spread(stretches);
        assert.equal(spread.length, stretches);
        assert.equal(
          spread.reduce((sum, { count }) => sum + count, 0),
          list.length,
        );
      }),
    );
  });

  it("is empty after a reset", () => {
    const histogram = histogramOf([1, 2, 3]);
    histogram.reset();
    assert.deepEqual([histogram.count, histogram.quantileMs(0.5), histogram.spread(3)], [0, 0, []]);
    assert.deepEqual([histogram.minMs, histogram.maxMs, histogram.meanMs, histogram.deviationMs], [0, 0, 0, 0]);
  });
});

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) {
    histogram.record(value);
  }
  return histogram;
}
