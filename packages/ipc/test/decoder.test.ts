import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  FeatureSetSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_descriptor,
  StructSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { binaryCodec, jsonCodec } from "../dist/protobuf/codec.js";
import { decoderOf } from "../dist/protobuf/decoder.js";
import { maxUnknownFields } from "../dist/protobuf/unknown-fields.js";
import { kinds, Maker, scalars, seeded } from "./support/random-messages.js";

const keys = scalars.filter(
  (type) => ![ScalarType.BYTES, ScalarType.DOUBLE, ScalarType.FLOAT, ScalarType.STRING].includes(type),
);
const letters = ["a", "é", "€", "😀", "ab\u0000"];

/** The keys in the order of enumeration, which deepEqual ignores. */
function keysOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    return undefined;
  }
  return Reflect.ownKeys(value).map((key) => [key, keysOf((value as Record<PropertyKey, unknown>)[key])]);
}

function assertSame(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(actual, expected);
  assert.deepStrictEqual(keysOf(actual), keysOf(expected));
}

/** Parses the message in both ways. */
function assertRead(type: DescMessage, bytes: Uint8Array): void {
  for (const input of [bytes, Buffer.from(bytes)]) {
    const message = decoderOf(type)(input);
    assert(message !== undefined, `declined: ${Buffer.from(bytes).toString("hex").slice(0, 500)}`);
    assertSame(message, fromBinary(type, input));
    assert(Buffer.compare(toBinary(type, message), toBinary(type, fromBinary(type, input))) === 0);
  }
}

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

describe("the decoder", () => {
  for (const syntax of ["proto3", "proto2"] as const) {
    it(`parses random messages like protobuf-es (${syntax})`, () => {
      const type = kinds("Common", scalars, { syntax, keys });
      const make = new Maker(seeded(7), letters);
      for (let round = 0; round < 40; round++) {
        assertRead(type, toBinary(type, make.message(type)));
      }
    });

    it(`merges repeated fields, and reads fields in any order (${syntax})`, () => {
      const type = kinds("Merged", [ScalarType.STRING, ScalarType.INT32, ScalarType.BYTES], { syntax });
      const random = seeded(11);
      const make = new Maker(random, letters, 40);
      const ones = type.fields.filter(({ fieldKind, oneof }) => fieldKind !== "map" && oneof === undefined);
      for (let round = 0; round < 150; round++) {
        assertRead(type, joined([1, 2, 3].map(() => toBinary(type, make.message(type)))));
        // There is one message for each field, so there are far more orders than shapes.
        const whole = make.message(type) as Message & Record<string, unknown>;
        const parts = ones
          .map(({ localName: name }) =>
            toBinary(type, create(type, Object.hasOwn(whole, name) ? { [name]: whole[name] } : {})),
          )
          .map((bytes) => ({ bytes, rank: random() }))
          .sort((a, b) => a.rank - b.rank);
        assertRead(type, joined(parts.map(({ bytes }) => bytes)));
      }
    });

    it(`reads lists packed or not, whatever is declared (${syntax})`, () => {
      const type = kinds("Lists", scalars, { syntax });
      const swapped = kinds("Lists", scalars, { syntax, isSwapped: true });
      const make = new Maker(seeded(13), letters, 200);
      for (let round = 0; round < 50; round++) {
        assertRead(type, toBinary(swapped, make.message(swapped)));
      }
    });

    it(`has the same result as protobuf-es for malformed bytes (${syntax})`, () => {
      const random = seeded(17);
      const below = (n: number) => Math.floor(random() * n);
      const make = new Maker(random, [...letters, "\ud800", "\ufeff"], 40);
      const types = scalars.map((scalar) =>
        kinds(`Broken${scalar}`, [scalar], { syntax, keys: keys.includes(scalar) ? [scalar] : [] }),
      );
      let read = 0;
      for (let round = 0; round < 10_000; round++) {
        const type = types[below(types.length)] as DescMessage;
        let bytes: Uint8Array = toBinary(type, make.message(type));
        for (let changes = below(3); changes >= 0; changes--) {
          const at = below(bytes.length + 1);
          const to = at + below(6);
          const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
          const noise = Uint8Array.from({ length: below(5) }, () => (random() < 0.5 ? below(256) : 0x80 * below(2)));
          bytes = [
            () => head, // truncated
            () => joined([head, tail]),
            () => joined([head, noise, tail]),
            () => joined([head, noise, middle, tail]),
            () => joined([head, middle, middle, tail]),
            () => joined([noise, noise.map((byte) => byte ^ below(8))]),
          ][below(6)]?.() as Uint8Array;
        }
        const decoded = outcome(() => decoderOf(type)(bytes) ?? fromBinary(type, bytes));
        assertSame(
          decoded,
          outcome(() => fromBinary(type, bytes)),
        );
        read += decoderOf(type)(bytes) === undefined ? 0 : 1;
      }
      assert(read > 500, `only ${read} were for the decoder`);
    });
  }

  it("reads descriptors, which are proto2 with defaults, required fields and many types", () => {
    assertRead(FileDescriptorProtoSchema, toBinary(FileDescriptorProtoSchema, file_google_protobuf_descriptor.proto));
    assertRead(FeatureSetSchema, toBinary(FeatureSetSchema, create(FeatureSetSchema, { fieldPresence: 1 })));
  });

  const shared = kinds("Shared", [ScalarType.BYTES]);
  const sharedName = shared.fields[0]?.localName as string;
  const sharedOf = (length: number) =>
    toBinary(shared, create(shared, { [sharedName]: new Uint8Array(length).fill(7) }));
  const bytesIn = (message: Message | undefined) => (message as unknown as Record<string, Uint8Array>)[sharedName];

  it("shares the memory of the input for long bytes fields", () => {
    const memory = sharedOf(100);
    for (const bytes of [memory, Buffer.from(memory.buffer, memory.byteOffset, memory.length)]) {
      const value = bytesIn(decoderOf(shared)(bytes));
      assert.equal(value?.buffer, memory.buffer);
      assert.equal(Object.getPrototypeOf(value), Object.getPrototypeOf(bytes));
    }
  });

  it("does not refer to lent memory, in either way of parsing", () => {
    const unknownField = Buffer.from([0xa0, 0x7d, 0x01]);
    const group = Buffer.from([0xa3, 0x7d, 0xa4, 0x7d]); // it is left to fromBinary
    for (const length of [0, 1, 64, 65, 5_000, 100_000]) {
      for (const rest of [Buffer.alloc(0), unknownField, group]) {
        const memory = Buffer.concat([sharedOf(length), rest]);
        const lent = new Uint8Array(memory.buffer, memory.byteOffset, memory.length);
        assert.equal(decoderOf(shared)(lent, true) === undefined, rest === group);
        const message = binaryCodec(shared, {}).parse(lent, true);
        const value = bytesIn(message);
        lent.fill(0xff);
        assert.deepEqual(
          message.$unknown?.[0]?.data,
          [undefined, Uint8Array.of(1), Uint8Array.of(0xa4, 0x7d)][rest.length && (rest === group ? 2 : 1)],
        );
        assert.deepEqual(value, new Uint8Array(length).fill(7));
      }
    }
  });

  /** The fields are one_5 = 1, one_9 = 2, many_5 = 5, map_9 = 12, child = 13, kind = 1001, and these. */
  const more = [
    { name: "flag", number: 14, type: Type.BOOL },
    { name: "wide", number: 15, type: Type.INT64, options: { jstype: 1 } },
    { name: "wrapped", number: 16, type: Type.MESSAGE, typeName: ".google.protobuf.Int32Value" },
  ];
  const small = kinds("Small", [ScalarType.INT32, ScalarType.STRING], { more });
  const closed = kinds("Closed", [ScalarType.INT32, ScalarType.STRING], { more, syntax: "proto2" });
  const entry = (...bytes: number[]) => [0x62, bytes.length, ...bytes];
  const nested = (depth: number): Uint8Array => {
    let bytes = new Uint8Array(0);
    for (let i = 1; i < depth; i++) {
      const { length } = bytes;
      const prefix = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
      bytes = Uint8Array.from([0x6a, ...prefix, ...bytes]);
    }
    return bytes;
  };

  it("reads entries of maps without a key or a value", () => {
    for (const bytes of [entry(), entry(0x0a, 1, 0x61), entry(0x12, 1, 0x61), entry(0x0a, 0, 0x12, 0)]) {
      assertRead(small, Uint8Array.from(bytes));
    }
  });

  it("leaves unusual messages to protobuf-es", () => {
    const declined: Record<string, readonly number[]> = {
      "an unknown group": [0x8b, 0x7d, 0x8c, 0x7d],
      "an unknown field's value that is too long": [0x88, 0x7d, 0x81, 0x00],
      "an unknown field beyond the end": [0x8a, 0x7d, 5, 0x61],
      "an unknown field of 8 bytes beyond the end": [0x89, 0x7d, 1, 2, 3, 4],
      "an unknown field's tag that is too long": [0x88, 0xfd, 0x00, 0x01],
      "an unknown field beyond the end of its message": [0x6a, 3, 0x8a, 0x7d, 2, 0x61, 0x61],
      "another wire type": [0x0d, 1, 0, 0, 0],
      "a group": [0x6b, 0x6c],
      "field 0": [0x00, 0x01],
      "a tag that is too long": [0x88, 0x00, 0x01],
      "a tag beyond 32 bits": [0x88, 0x80, 0x80, 0x80, 0x10, 0x01],
      "a length that is too long": [0x12, 0x81, 0x00, 0x61],
      "a varint that is too long": [0x08, 0x81, 0x00],
      "a varint without an end": [0x08, ...new Array(10).fill(0x80), 0x01],
      "an int32 beyond 32 bits": [0x08, 0x80, 0x80, 0x80, 0x80, 0x10],
      "a negative int32 beyond 32 bits": [0x08, 0x80, 0x80, 0x80, 0x80, 0xf0, 0xff, 0xff, 0xff, 0xff, 0x01],
      "a tag without a value": [0x08],
      "less than it says": [0x12, 5, 0x61],
      "a negative length": [0x12, 0xff, 0xff, 0xff, 0xff, 0x0f],
      "packed values beyond their end": [0x2a, 1, 0x80, 0x01],
      "a message beyond its end": [0x6a, 1, 0x08, 0x01],
      "no UTF-8": [0x12, 1, 0xff],
      "half a surrogate pair": [0x12, 3, 0xed, 0xa0, 0x80],
      "U+FFFD, as what replaces other bytes": [0x12, 3, 0xef, 0xbf, 0xbd],
      "a byte order mark": [0x12, 4, 0xef, 0xbb, 0xbf, 0x61],
      "a bool of 2": [0x70, 2],
      "a 64-bit integer kept as a string": [0x78, 1],
      "a wrapper": [0x82, 0x01, 2, 0x08, 1],
      "an entry whose value comes first": entry(0x12, 0, 0x0a, 0),
      "an entry with two keys": entry(0x0a, 0, 0x0a, 0),
      "an entry with more": entry(0x0a, 0, 0x12, 0, 0x18, 1),
      "the key __proto__": entry(0x0a, 9, ...Buffer.from("__proto__"), 0x12, 1, 0x61),
    };
    for (const [what, numbers] of Object.entries(declined)) {
      for (const type of [small, closed]) {
        const bytes = Uint8Array.from(numbers);
        assert.equal(decoderOf(type)(bytes), undefined, what);
        assertRead(type, Uint8Array.from([0x08, 7])); // it can be used again afterwards
      }
    }
    const unknownValue = Uint8Array.from([0xc8, 0x3e, 5]);
    assertRead(small, unknownValue);
    assert.equal(decoderOf(closed)(unknownValue), undefined);
    assertRead(small, nested(100));
    assert.equal(decoderOf(small)(nested(101)), undefined);
    const struct = toBinary(
      StructSchema,
      create(StructSchema, { fields: { a: { kind: { case: "boolValue", value: true } } } }),
    );
    assert.equal(decoderOf(StructSchema)(struct), undefined);
    class Other extends Uint8Array {}
    assert.equal(decoderOf(small)(new Other(2)), undefined);
  });

  it("is used by the codec, which keeps the options and errors of protobuf-es", () => {
    const { parse } = binaryCodec(small, { binaryOptions: { recursionLimit: 3, readUnknownFields: false } });
    assertSame(parse(nested(3)), fromBinary(small, nested(3)));
    assert.throws(() => parse(nested(4)), /cannot parse test.Small: .*maximum recursion depth of 3/);
    const usual = binaryCodec(small, { binaryOptions: { readUnknownFields: false } });
    assert.equal(usual.parse(Uint8Array.from([0x88, 0x7d, 0x01])).$unknown, undefined);
    assert.equal(binaryCodec(small, {}).parse(Uint8Array.from([0x88, 0x7d, 0x01])).$unknown?.length, 1);
    assert.throws(() => usual.parse(nested(101)), /maximum recursion depth of 100/);
    assert.throws(() => usual.parse(Uint8Array.from([0x12, 5])), /cannot parse test.Small: premature EOF/);
  });

  /** Returns this many unknown fields of every wire type except groups, with `between` before each of them. */
  const unknownFields = (count: number, random: () => number, between: (i: number) => Uint8Array = () => empty) =>
    joined(
      Array.from({ length: count }, (_, i) => {
        const no = 1_900 + Math.floor(random() * 50);
        const kind = Math.floor(random() * 4);
        const tag = (wireType: number) => [((no << 3) & 0x7f) | wireType | 0x80, no >> 4];
        const length = Math.floor(random() * 5) * 20;
        const field = [
          [...tag(0), 0x80 | (i & 0x7f), 1],
          [...tag(1), ...new Array(8).fill(i & 0xff)],
          [...tag(2), length, ...new Array(length).fill(i & 0xff)],
          [...tag(5), ...new Array(4).fill(i & 0xff)],
        ][kind] as number[];
        return joined([between(i), Uint8Array.from(field)]);
      }),
    );
  const empty = new Uint8Array(0);
  const childOf = (bytes: Uint8Array) =>
    toBinary(small, Object.assign(create(small), { child: fromBinary(small, bytes) }) as Message);
  const knownField = Uint8Array.of(0x08, 7);

  it("keeps unknown fields like protobuf-es, wherever they are", () => {
    const random = seeded(23);
    for (let round = 0; round < 100; round++) {
      const bytes = unknownFields(round, random, () => (random() < 0.5 ? empty : knownField));
      assertRead(small, bytes);
      assertRead(small, joined([bytes, childOf(bytes), knownField, childOf(bytes), bytes]));
    }
  });

  it("reads a message that is part of the given memory", () => {
    const bytes = joined([empty, childOf(knownField), knownField]);
    const memory = joined([Uint8Array.of(0xff, 0xff, 0xff), bytes, Uint8Array.of(0xff)]);
    const expected = fromBinary(small, bytes);
    for (const isLent of [false, true]) {
      const message = decoderOf(small)(memory, isLent, false, 3, 3 + bytes.length);
      assert(message !== undefined);
      assertSame(message, expected);
      assertSame(binaryCodec(small, {}).parse(memory, isLent, 3, 3 + bytes.length), expected);
    }
    assert.throws(() => binaryCodec(small, {}).parse(memory, true, 0, 2), /cannot parse test.Small/);
    assert.equal(jsonCodec(small, {}).parse(Buffer.from("x{}x"), false, 1, 3).$typeName, small.typeName);
  });

  for (const [where, bytesOf] of [
    ["in a row", (count: number) => unknownFields(count, seeded(29))],
    ["between others", (count: number) => unknownFields(count, seeded(29), (i) => (i % 3 > 0 ? knownField : empty))],
    ["in a message within", (count: number) => childOf(unknownFields(count, seeded(29)))],
    [
      "in many messages",
      (count: number) => joined(new Array(Math.ceil(count / 60)).fill(childOf(unknownFields(60, seeded(29))))),
    ],
  ] as const) {
    it(`joins unknown fields beyond ${maxUnknownFields}, byte for byte (${where})`, () => {
      const bytes = bytesOf(3 * maxUnknownFields);
      const lent = bytes.slice();
      const message = decoderOf(small)(lent, true);
      lent.fill(0);
      assert(message !== undefined);
      const all = fromBinary(small, bytes);
      assert(Buffer.compare(toBinary(small, message), toBinary(small, all)) === 0);
      let kept = 0;
      for (let at: typeof message | undefined = message; at; at = (at as unknown as { child?: Message }).child) {
        kept += at.$unknown?.length ?? 0;
      }
      assert(kept > maxUnknownFields && kept <= 2 * maxUnknownFields, `${kept} are kept`);
      assertSame(fromBinary(small, toBinary(small, message)), all);
      const { parse } = binaryCodec(small, { binaryOptions: { readUnknownFields: false } });
      assertSame(parse(bytes), fromBinary(small, bytes, { readUnknownFields: false }));
    });
  }

  it("refuses messages that would take memory out of proportion to their size, in either way of parsing", () => {
    const many = kinds("Many", [ScalarType.BYTES]);
    const list = many.fields.find(({ fieldKind, scalar }) => fieldKind === "list" && scalar === ScalarType.BYTES);
    const bytesTag = new BinaryWriter().uint32(((list as DescField).number << 3) | 2).finish();
    const filled = (unit: Uint8Array, bytes: number) =>
      Buffer.alloc(Math.floor(bytes / unit.length) * unit.length, unit);
    for (const [what, type, bytes] of [
      ["messages with many lists", FileDescriptorProtoSchema, filled(Uint8Array.of(0x22, 0), 2 ** 21)],
      ["empty bytes", many, filled(joined([bytesTag, Uint8Array.of(0)]), 2 ** 23)],
    ] as const) {
      for (const binaryOptions of [{}, { recursionLimit: 100 }]) {
        const { parse } = binaryCodec(type, { binaryOptions });
        assert.throws(
          () => parse(bytes),
          /resource_exhausted.* of \d+ bytes would take more than \d+ bytes of memory when parsed/,
          `${what} ${JSON.stringify(binaryOptions)}`,
        );
      }
    }
    const fine = filled(Uint8Array.of(0x22, 0), 2 ** 17);
    const lengthOf = (options: object) =>
      (binaryCodec(FileDescriptorProtoSchema, options).parse(fine) as { messageType: unknown[] }).messageType.length;
    assert.equal(lengthOf({}), 2 ** 16);
    assert.equal(lengthOf({ binaryOptions: { recursionLimit: 100 } }), 2 ** 16);
  });

  it("refuses more unknown fields only if protobuf-es would keep each one by itself", () => {
    const { parse } = binaryCodec(small, {});
    const dropping = binaryCodec(small, { binaryOptions: { readUnknownFields: false } });
    const wrapped = Uint8Array.of(0x82, 0x01, 2, 0x08, 1);
    const odd = {
      "a wrapper": wrapped,
      "a group": Uint8Array.of(0x8b, 0x7d, 0x8c, 0x7d),
      "a varint that is too long": Uint8Array.of(0x08, 0x81, 0x00),
    };
    for (const [what, field] of Object.entries(odd)) {
      for (const wrap of [(bytes: Uint8Array) => bytes, childOf]) {
        const few = joined([wrap(unknownFields(maxUnknownFields - 1, seeded(31))), field]);
        assertSame(parse(few), fromBinary(small, few));
        const many = joined([wrap(unknownFields(maxUnknownFields + 1, seeded(31))), field]);
        assert.throws(
          () => parse(many),
          /resource_exhausted.* test.Small of \d+ bytes has more than 10000 unknown fields/,
          what,
        );
        assertSame(dropping.parse(many), fromBinary(small, many, { readUnknownFields: false }));
      }
    }
    const cut = joined([unknownFields(maxUnknownFields + 1, seeded(31)), Uint8Array.of(0x12)]);
    assert.throws(() => parse(cut), /resource_exhausted/);
    const values = joined(new Array(maxUnknownFields + 1).fill(Uint8Array.of(0xc8, 0x3e, 5)));
    assert.throws(() => binaryCodec(closed, {}).parse(values), /resource_exhausted/);
  });
});
