import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { inBatches, sourceOf } from "../dist/messages/batches.js";
import { Drain, sendMessages } from "../dist/messages/send-messages.js";
import { binaryCodec } from "../dist/protobuf/codec.js";

/** The number of messages of all streams together after which a turn is over, and that each may send in any turn. */
const turnMessages = 1_024;
const sliceMessages = 16;

describe("sending messages", () => {
  it("leaves each stream a small share of a turn when there are many, also in arrays", async () => {
    const streams = 300;
    const codec = binaryCodec(TimestampSchema, {});
    const rules = { writeMaxBytes: 1_000, compressMinBytes: 1_000 };
    const messages = Array.from({ length: 256 }, () => create(TimestampSchema, { seconds: 1n }));
    async function* endless() {
      for (;;) {
        yield messages;
      }
    }
    const sent = new Array<number>(streams).fill(0);
    let isOver = false;
    const senders = sent.map((_, index) => {
      const outlet = {
        isClosed: false,
        hasRoomFor: () => true,
        isAboveShared: () => false,
        awaitRoom() {},
        message: () => true,
        data: () => true,
      };
      return sendMessages(sourceOf(inBatches(endless())), outlet, {
        addTo(run, message) {
          assert.ok(run !== undefined);
          (sent[index] as number)++;
          return run.add(run.write(codec, message as object), rules);
        },
        drain: new Drain(),
        isOver: () => isOver,
      });
    });
    const total = () => sent.reduce((sum, each) => sum + each, 0);
    for (let turn = 0; turn < 20; turn++) {
      const before = total();
      await setImmediate();
      // The first streams use the turn up, and the last of them may exceed it.
      const most = 2 * turnMessages + 2 * sliceMessages * streams;
      assert.ok(total() - before <= most, `${total() - before} messages in a turn`);
    }
    assert.ok(Math.min(...sent) >= sliceMessages, "every stream sends something");
    isOver = true;
    assert.deepEqual(new Set(await Promise.all(senders)), new Set([false]));
  });
});
