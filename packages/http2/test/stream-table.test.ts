import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { StreamTable } from "../dist/stream/table.js";

describe("the stream table", () => {
  it("finds what a Map finds, however long streams are open", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant("open" as const) },
      { weight: 2, arbitrary: fc.record({ close: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ skip: fc.nat(200) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new StreamTable<{ id: number }>();
        const model = new Map<number, { id: number }>();
        let next = 1;
        for (const step of steps) {
          if (step === "open") {
            const stream = { id: next };
            next += 2;
            table.add(stream);
            model.set(stream.id, stream);
          } else if ("skip" in step) next += 2 * step.skip;
          else {
            const ids = [...model.keys()];
            const stream = model.get(ids[step.close % Math.max(1, ids.length)] ?? 0);
            if (stream === undefined) continue;
            table.remove(stream);
            model.delete(stream.id);
          }
          assert.equal(table.count, model.size);
        }
        for (let id = 1; id < next; id += 2) assert.equal(table.get(id), model.get(id));
        assert.deepEqual(table.all(), [...model.values()]);
      }),
    );
  });

  it("is not slowed down by one stream that stays while many come and go", () => {
    const table = new StreamTable<{ id: number }>();
    const old = { id: 1 };
    table.add(old);
    for (let id = 3; id < 100_000; id += 2) {
      const stream = { id };
      table.add(stream);
      assert.equal(table.get(1), old);
      table.remove(stream);
    }
    assert.equal(table.count, 1);
  });
});
