import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDuration } from "../dist/grammar/duration.js";
import { formatMs } from "../dist/terminal/figures.js";

describe("durations", () => {
  for (const [text, ms] of [
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5s", 1_500],
    ["1m30s", 90_000],
    ["2h", 7_200_000],
    ["0", 0],
  ] as const) {
    it(`${text} is ${ms} ms`, () => {
      assert.equal(parseDuration(text), ms);
    });
  }

  for (const text of ["", "5", "s", "1 s", "-1s", "1d", "1s5"]) {
    it(`${JSON.stringify(text)} is not a duration`, () => {
      assert.throws(() => parseDuration(text), /is not a duration: write 500ms, 10s or 1m30s/);
    });
  }

  for (const [ms, text] of [
    [0.01234, "12.3 µs"],
    [0.9996, "1.00 ms"],
    [1.234, "1.23 ms"],
    [12.34, "12.3 ms"],
    [123.4, "123 ms"],
    [999.6, "1.00 s"],
    [90_000, "1 min 30 s"],
  ] as const) {
    it(`${ms} ms is written as ${text}`, () => {
      assert.equal(formatMs(ms), text);
    });
  }
});
