import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { totalOf } from "../dist/run/callgrind.js";

describe("a callgrind file", () => {
  it("has its total in a separate line", () => {
    assert.equal(totalOf("events: Ir\nfn=main\n12 34\n\ntotals: 12043\n"), 12043);
    assert.equal(totalOf("positions: line\nsummary: 7\n\nfn=main\n"), 7);
  });

  it("is refused without a total", () => {
    assert.throws(() => totalOf("events: Ir\n"), /no total/);
  });
});
