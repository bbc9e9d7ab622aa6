import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { encoderOf } from "../dist/protobuf/encoder.js";
import { recycle } from "../dist/protobuf/slab.js";

const encode = encoderOf(BytesValueSchema).encode;
const encoded = (length: number, fill: number): Uint8Array =>
  encode(create(BytesValueSchema, { value: new Uint8Array(length).fill(fill) })) as Uint8Array;

describe("the memory of large messages", () => {
  const kept: Uint8Array[] = [];
  afterEach(() => {
    for (const message of kept.splice(0)) {
      recycle(message);
    }
  });

  it("is reused once it has been recycled", () => {
    const first = encoded(1_000_000, 1);
    recycle(first);
    const second = encoded(900_000, 2);
    kept.push(second);
    assert.equal(second.buffer, first.buffer);
    assert.deepEqual(
      second,
      toBinary(BytesValueSchema, create(BytesValueSchema, { value: new Uint8Array(900_000).fill(2) })),
    );
  });

  it("is not reused before that", () => {
    const messages = Array.from({ length: 5 }, (_, i) => encoded(300_000, i));
    kept.push(...messages);
    assert.equal(new Set(messages.map(({ buffer }) => buffer)).size, 5);
    messages.forEach((message, i) => void assert.equal(message.at(-1), i));
  });

  it("is recycled only once, however often it is asked for", () => {
    const first = encoded(500_000, 1);
    recycle(first);
    recycle(first);
    const [second, third] = [encoded(500_000, 2), encoded(500_000, 3)];
    kept.push(second, third);
    assert.notEqual(second.buffer, third.buffer);
    assert.equal(second.at(-1), 2);
  });

  it("is not much larger than requested", () => {
    recycle(encoded(8_000_000, 1));
    const small = encoded(100_000, 2);
    kept.push(small);
    assert.ok(small.buffer.byteLength < 1_000_000);
  });

  it("of short messages is never reused", () => {
    const first = encoded(100, 1);
    recycle(first);
    const second = encoded(100, 2);
    assert.equal(first.at(-1), 1);
    assert.equal(second.at(-1), 2);
  });
});
