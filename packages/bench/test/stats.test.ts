import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ratios, spread } from "../dist/figures/stats.js";

describe("medians and quartiles", () => {
  it("interpolate between values", () => {
    assert.deepEqual(spread([4, 1, 3, 2]), { q1: 1.75, median: 2.5, q3: 3.25 });
    assert.deepEqual(spread([7]), { q1: 7, median: 7, q3: 7 });
  });
});

describe("ratios", () => {
  it("are computed for each round that both peers have", () => {
    assert.deepEqual(ratios([10, 20, 30], [5, 5]), [2, 4]);
    assert.deepEqual(ratios([10, undefined, 30], [5, 5, 10]), [2, 3]);
  });
});
