import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type DescField, type Message, ScalarType, toBinary } from "@bufbuild/protobuf";
import {
  FeatureSetSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_descriptor,
  StructSchema,
  TimestampSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { encoderOf } from "../dist/protobuf/encoder.js";
import { kinds, Maker, scalars, seeded } from "./support/random-messages.js";

/** Scalar types that are always left to protobuf-es. */
const rare = new Set([ScalarType.FIXED64, ScalarType.SFIXED64, ScalarType.SINT64]);
const common = scalars.filter((scalar) => !rare.has(scalar));

describe("the encoder", () => {
  it("encodes random messages like protobuf-es", () => {
    const type = kinds("Common", common);
    const encode = encoderOf(type).encode;
    const make = new Maker(seeded(7));
    for (let round = 0; round < 1_000; round++) {
      const message = make.message(type);
      const bytes = encode(message);
      assert(bytes !== undefined, "declined");
      assert(Buffer.compare(bytes, toBinary(type, message)) === 0, `round ${round}`);
    }
  });

  it("writes random messages into memory of the caller, or returns those that do not fit there", () => {
    const type = kinds("Lent", common);
    const { encode, encodeIn } = encoderOf(type);
    const make = new Maker(seeded(8));
    const memory = Buffer.alloc(100_000, 0xee);
    let fitting = 0;
    for (let round = 0; round < 300; round++) {
      const message = make.message(type);
      const expected = toBinary(type, message);
      const at = (round * 997) % memory.length;
      const before = Buffer.from(memory.subarray(0, at));
      const end = encodeIn(message, memory, at);
      assert(end !== undefined, "declined");
      assert(Buffer.compare(memory.subarray(0, at), before) === 0);
      fitting += typeof end === "number" ? 1 : 0;
      const written = typeof end === "number" ? memory.subarray(at, end) : end;
      assert(Buffer.compare(written, expected) === 0, `round ${round}`);
      const own = encode(message) as Uint8Array;
      assert(own.buffer !== memory.buffer && Buffer.compare(own, expected) === 0);
    }
    assert(fitting > 20 && fitting < 280, `${fitting} fit`);
    const broken = Object.defineProperty(create(type), type.fields[0]?.localName as string, {
      get: () => assert.fail("a getter that throws"),
    });
    assert.throws(() => encodeIn(broken, memory, 0), /a getter that throws/);
    assert.equal(encodeIn(create(type), memory, 5), 5);
  });

  it("writes fields of proto2, but leaves required ones to protobuf-es", () => {
    const features = create(FeatureSetSchema, { fieldPresence: 1, enumType: 2 });
    const bytes = encoderOf(FeatureSetSchema).encode(features);
    assert.deepEqual(Buffer.from(bytes ?? []), Buffer.from(toBinary(FeatureSetSchema, features)));
    const { proto } = file_google_protobuf_descriptor;
    // UninterpretedOption.NamePart has required fields.
    assert.equal(encoderOf(FileDescriptorProtoSchema).encode(proto), undefined);
  });

  it("leaves unusual messages to protobuf-es", () => {
    assert.equal(encoderOf(StructSchema).encode(create(StructSchema)), undefined);
    for (const [name, scalar] of [...rare].entries()) {
      const type = kinds(`Rare${name}`, [scalar]);
      assert.equal(encoderOf(type).encode(create(type)), undefined);
    }
    const wrapped = kinds("Wrapped", [], {
      more: [{ name: "w", type: Type.MESSAGE, typeName: ".google.protobuf.Int32Value" }],
    });
    assert.equal(encoderOf(wrapped).encode(create(wrapped)), undefined);
    const encode = encoderOf(TimestampSchema).encode;
    const declined: unknown[] = [
      { ...create(TimestampSchema), $typeName: "test.Other" },
      { ...create(TimestampSchema), nanos: "1" },
      { ...create(TimestampSchema), nanos: 1.5 },
      { ...create(TimestampSchema), seconds: 2n ** 63n },
      { ...create(TimestampSchema), $unknown: [{ no: 9, wireType: 0, data: new Uint8Array([1]) }] },
    ];
    for (const message of declined) {
      assert.equal(encode(message as Message), undefined);
    }
  });

  it("works after a message that it could not finish", () => {
    const type = kinds("Broken", [ScalarType.STRING, ScalarType.BYTES]);
    const encode = encoderOf(type).encode;
    const field = (prefix: string): DescField => {
      const found = type.fields.find(({ name }) => name.startsWith(prefix));
      assert(found !== undefined);
      return found;
    };
    const broken = create(type) as Message & Record<string, unknown>;
    broken[field("one_12").localName] = new Uint8Array(100_000);
    Object.defineProperty(broken, field("many").localName, {
      get() {
        assert.equal(encode(create(type)), undefined); // only one message at a time is encoded
        throw new Error("a getter that throws");
      },
    });
    assert.throws(() => encode(broken), /a getter that throws/);
    const good = create(type, { [field("one_9").localName]: "é".repeat(50) });
    const first = encode(good);
    const second = encode(create(type, { [field("one_9").localName]: "x" }));
    assert.deepEqual(Buffer.from(first ?? []), Buffer.from(toBinary(type, good)));
    assert.equal(second?.length, 3);
  });
});
