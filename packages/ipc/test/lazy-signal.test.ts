import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LazySignal } from "../dist/time/lazy-signal.js";

function listening(names: string[], over: LazySignal, told: string[]) {
  return names.map((name) => {
    const listener = { handleEvent: () => void told.push(name) };
    over.addEventListener("abort", listener);
    return listener;
  });
}

describe("the signal of a call", () => {
  it("tells each of many listeners once", () => {
    const over = new LazySignal(unexpected);
    const told: string[] = [];
    const listeners = listening(["a", "b", "c", "d"], over, told);
    for (const listener of listeners) {
      over.addEventListener("abort", listener); // counts once
    }
    over.abort("why");
    over.abort("again");
    assert.deepEqual(told, ["a", "b", "c", "d"]);
    assert.equal(over.reason, "why");
  });

  it("does not tell listeners that have been removed, even by one that was told before", () => {
    const over = new LazySignal(unexpected);
    const told: string[] = [];
    const removing = {
      handleEvent() {
        over.removeEventListener("abort", second as never);
        over.removeEventListener("abort", fourth as never);
      },
    };
    over.addEventListener("abort", removing);
    const [second, third, fourth, fifth] = listening(["second", "third", "fourth", "fifth"], over, told);
    over.removeEventListener("abort", fifth as never);
    over.abort(undefined);
    assert.deepEqual(told, ["third"]);
    assert.ok(third);
  });
});

function unexpected(error: unknown): never {
  throw error;
}
