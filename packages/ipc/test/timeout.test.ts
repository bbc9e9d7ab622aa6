import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatTimeout, parseTimeout } from "../dist/grpc/index.js";

describe("grpc-timeout", () => {
  for (const [ms, text] of [
    [5_000, "5000m"],
    [0.0001, "1u"],
    [0.5, "500u"],
    [1.2, "2m"],
    [99_999_999, "99999999m"],
    [100_000_000, "100000S"],
    [100_000_000_000, "1666667M"],
    [1e18, "99999999H"],
    [Number.POSITIVE_INFINITY, "99999999H"],
  ] as const) {
    it(`formats ${ms} ms as ${text}`, () => assert.equal(formatTimeout(ms), text));
  }

  for (const [text, ms] of [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["4m", 4],
    ["5u", 0.005],
    ["6n", 0.000006],
    ["0S", 0],
  ] as const) {
    it(`parses ${text} as ${ms} ms`, () => assert.ok(Math.abs((parseTimeout(text) ?? Number.NaN) - ms) < 1e-9));
  }

  it("refuses other values", () => {
    for (const text of ["", "5", "S", "-1S", "1.5S", "123456789S", "5s", "5 S", "1S1S"]) {
      assert.equal(parseTimeout(text), undefined, text);
    }
  });

  it("never shortens a timeout", () => {
    for (let ms = 0.001; ms < 3e14; ms *= 1.37) {
      assert.ok((parseTimeout(formatTimeout(ms)) ?? 0) >= ms * (1 - 1e-9), `${ms}`);
    }
  });
});
