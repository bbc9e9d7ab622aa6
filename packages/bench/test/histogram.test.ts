import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Histogram } from "../dist/load/histogram.js";

describe("the histogram of latencies", () => {
  it("gives percentiles within 2 % of those of a sorted list, from a microsecond to minutes", () => {
    const histogram = new Histogram();
    const values = Array.from({ length: 20_000 }, (_, i) => 1.0008 ** i * 0.001);
    for (const value of values) {
      histogram.record(value);
    }
    const found = histogram.latencyUs();
    for (const [name, quantile] of [
      ["p10", 0.1],
      ["p50", 0.5],
      ["p90", 0.9],
      ["p99", 0.99],
    ] as const) {
      const exactUs = (values[Math.ceil(quantile * values.length) - 1] ?? 0) * 1000;
      assert.ok(Math.abs(found[name] / exactUs - 1) < 0.02, `${name}: ${found[name]} instead of ${exactUs}`);
    }
  });

  it("is not distorted by a single outlier", () => {
    const histogram = new Histogram();
    for (let i = 0; i < 999; i++) {
      histogram.record(0.02);
    }
    histogram.record(5);
    const { p50, p99, p999 } = histogram.latencyUs();
    assert.deepEqual([Math.round(p50), Math.round(p99), Math.round(p999)], [20, 20, 20]);
  });
});
