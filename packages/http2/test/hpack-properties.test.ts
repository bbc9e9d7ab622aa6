import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeaderBlock } from "@vyra/http2";
import fc from "fast-check";
import { Decoder } from "../dist/hpack/decoder.js";
import { Encoder } from "../dist/hpack/encoder.js";

const name = fc.oneof(
  fc.constantFrom("grpc-timeout", "content-type", "x-a", "x-b", "cookie", "authorization", "etag", "user-agent"),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).filter((n) => !forbidden.has(n)),
);
const forbidden = new Set(["te", "connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding"]);
const value = fc.oneof(
  fc.constantFrom("", "application/grpc", "trailers1", "10S"),
  fc.stringMatching(/^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]{0,60}[\x21-\x7e])?$/),
);
const field = fc.tuple(name, value);
const list = fc.array(field, { maxLength: 12 }).map((fields) => fields.flat());

/** An event between two endpoints; they may happen in any order. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ block: fc.nat(5), extra: list }) },
  { weight: 1, arbitrary: fc.record({ tableSize: fc.constantFrom(0, 64, 200, 4096, 16_384) }) },
);

describe("the encoder and the decoder", () => {
  it("agree, whatever is sent and however the table's size changes", () => {
    fc.assert(
      fc.property(
        fc.array(list, { minLength: 6, maxLength: 6 }),
        fc.array(step, { maxLength: 60 }),
        fc.boolean(),
        (lists, steps, huffman) => {
          const blocks = lists.map((fields) => HeaderBlock.of(fields));
          const encoder = new Encoder({ huffman });
          const decoder = new Decoder(1_000_000);
          let limit = 4096;
          for (const step of steps) {
            if ("tableSize" in step) {
              limit = step.tableSize;
              encoder.setPeerTableSize(limit);
              decoder.setTableLimit(limit);
              continue;
            }
            const block = blocks[step.block] ?? HeaderBlock.of([]);
            const bytes = encode(encoder, block, step.extra);
            const decoded = decoder.decode(bytes, 0, bytes.length);
            assert.deepEqual([...decoded.fields, ...decoder.extra], [...block.fields, ...step.extra]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("send a repeated block in one byte per field, and return the same object for it", () => {
    const encoder = new Encoder();
    const decoder = new Decoder(65_536);
    const block = HeaderBlock.of([
      ":method",
      "POST",
      ":path",
      "/a.B/C",
      "content-type",
      "application/grpc",
      "te",
      "trailers",
    ]);
    const first = encode(encoder, block, []);
    decoder.decode(first, 0, first.length);
    const second = encode(encoder, block, []);
    assert.equal(second.length, 4);
    const list = decoder.decode(second, 0, second.length);
    assert.deepEqual(list.fields, block.fields);
    const third = encode(encoder, block, []);
    assert.equal(decoder.decode(third, 0, third.length), list);
  });

  it("decode only the field that varies if the others are repeated", () => {
    const encoder = new Encoder();
    const decoder = new Decoder(65_536);
    const block = HeaderBlock.of([":method", "POST", ":path", "/a.B/C", "content-type", "application/grpc"]);
    const lists = ["1S", "2S", "3S", "4S"].map((timeout) => {
      const bytes = encode(encoder, block, ["grpc-timeout", timeout]);
      const list = decoder.decode(bytes, 0, bytes.length);
      assert.deepEqual([...list.fields, ...decoder.extra], [...block.fields, "grpc-timeout", timeout]);
      return list;
    });
    assert.equal(lists[2], lists[3]);
    assert.deepEqual(decoder.extra, ["grpc-timeout", "4S"]);
  });

  it("forget what a repeated block meant once the table has changed", () => {
    const encoder = new Encoder();
    const decoder = new Decoder(65_536);
    const block = HeaderBlock.of([":method", "POST", "x-a", "1"]);
    for (let i = 0; i < 3; i++) decodeOne(encoder, decoder, block);
    decodeOne(encoder, decoder, HeaderBlock.of(["x-b", "2"])); // changes every index
    assert.deepEqual(decodeOne(encoder, decoder, block), [...block.fields]);
  });

  it("refill a table that no longer suits what is sent", () => {
    const encoder = new Encoder({ maxTableBytes: 200 });
    const decoder = new Decoder(65_536);
    const old = HeaderBlock.of(["x-old", "o".repeat(120)]);
    const current = HeaderBlock.of(["x-new", "n".repeat(120)]);
    encoder.setPeerTableSize(200);
    decoder.setTableLimit(200);
    decodeOne(encoder, decoder, old);
    let bytes = 0;
    for (let i = 0; i < 60; i++) {
      const encoded = encode(encoder, current, []);
      bytes = encoded.length;
      const list = decoder.decode(encoded, 0, bytes);
      assert.deepEqual(list.fields, current.fields);
    }
    assert.equal(bytes, 1);
  });

  it("handle a size that changes thousands of times at almost no cost, while the table is full", () => {
    const encoder = new Encoder();
    encoder.setPeerTableSize(16_384);
    encoder.writeSizeUpdates(new Uint8Array(Encoder.SIZE_UPDATE_BYTES), 0);
    const blocks = Array.from({ length: 300 }, (_, i) => HeaderBlock.of([`x-${i}`, "v"]));
    for (const block of blocks) encoder.encode(block);
    let rebuilt = 0;
    const { index } = encoder as unknown as { index: { rebuild(): void } };
    const rebuild = index.rebuild.bind(index);
    index.rebuild = () => {
      rebuilt++;
      rebuild();
    };
    for (let i = 0; i < 2_730; i++) encoder.setPeerTableSize(i % 2 === 0 ? 16_384 : 16_000);
    assert.ok(rebuilt <= 1, `the index was rebuilt ${rebuilt} times`);
  });

  it("never put a secret into the table, and mark it for intermediaries", () => {
    const encoder = new Encoder();
    const decoder = new Decoder(65_536);
    for (let i = 0; i < 3; i++) {
      const bytes = encode(encoder, HeaderBlock.of(["authorization", "Bearer x"]), ["cookie", "a=b"]);
      const list = decoder.decode(bytes, 0, bytes.length);
      assert.deepEqual(list.neverIndexed, ["authorization", "cookie"]);
      assert.ok(bytes.length > 12);
    }
  });
});

describe("the decoder", () => {
  it("throws nothing but a compression error, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }), (blocks) => {
        const decoder = new Decoder(4096);
        try {
          for (const block of blocks) decoder.decode(block, 0, block.length);
        } catch (error) {
          assert.equal((error as { errorCode?: number }).errorCode, 9);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("requires a size update after the table's limit was lowered", () => {
    const decoder = new Decoder(4096);
    decoder.setTableLimit(100);
    assert.throws(() => decoder.decode(Buffer.from([0x82]), 0, 1), /no table size update/);
  });

  it("marks a list larger than allowed, and still keeps the table in step", () => {
    const encoder = new Encoder();
    const decoder = new Decoder(200);
    const large = HeaderBlock.of(["x-a", "a".repeat(100), "x-b", "b".repeat(100)]);
    const bytes = encode(encoder, large, []);
    assert.equal(decoder.decode(bytes, 0, bytes.length).oversized, true);
    assert.deepEqual(decodeOne(encoder, decoder, HeaderBlock.of(["x-a", "a".repeat(100)])), ["x-a", "a".repeat(100)]);
  });
});

function encode(encoder: Encoder, block: HeaderBlock, extra: readonly string[]): Buffer {
  const buffer = Buffer.alloc(100_000);
  encoder.checkExtra(extra);
  let at = encoder.updateDue ? encoder.writeSizeUpdates(buffer, 0) : 0;
  const bytes = encoder.encode(block);
  buffer.set(bytes, at);
  at = encoder.writeExtra(buffer, at + bytes.length, extra);
  return buffer.subarray(0, at);
}

function decodeOne(encoder: Encoder, decoder: Decoder, block: HeaderBlock): string[] {
  const bytes = encode(encoder, block, []);
  return [...decoder.decode(bytes, 0, bytes.length).fields, ...decoder.extra];
}
