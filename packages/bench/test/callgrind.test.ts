import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { totalOf } from "../dist/run/callgrind.js";

describe("a file of callgrind's", () => {
  it("has its total in a line of its own", () => {
    assert.equal(totalOf("events: Ir\nfn=main\n12 34\n\ntotals: 12043\n"), 12043);
    assert.equal(totalOf("positions: line\nsummary: 7\n\nfn=main\n"), 7);
  });

  it("is refused without one", () => {
    assert.throws(() => totalOf("events: Ir\n"), /no total/);
  });
});
