import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearest } from "../dist/terminal/suggest.js";

describe("did you mean", () => {
  const names = ["GetStatus", "ProcessData", "Initialize"];

  for (const [typed, meant] of [
    ["GetStatu", "GetStatus"],
    ["getstatus", "GetStatus"],
    ["GteStatus", "GetStatus"],
    ["ProcesData", "ProcessData"],
    ["Initialise", "Initialize"],
    ["Whatever", undefined],
    ["", undefined],
  ] as const) {
    it(`${typed || "nothing"}: ${meant}`, () => {
      assert.equal(nearest(typed, names), meant);
    });
  }
});
