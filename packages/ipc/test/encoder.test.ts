import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  create,
  createFileRegistry,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import {
  FeatureSetSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_descriptor,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  StructSchema,
  TimestampSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { encoderOf } from "../dist/grpc/encoder.js";

const scalars = Object.values(ScalarType).filter((value): value is ScalarType => typeof value === "number");
/** Scalars that are always left to protobuf-es. */
const rare = new Set([ScalarType.FIXED64, ScalarType.SFIXED64, ScalarType.SINT64]);
const common = scalars.filter((scalar) => !rare.has(scalar));

/** A message with fields of these scalar types in every form, an enum, itself, and a Timestamp. */
function kinds(name: string, types: readonly ScalarType[], more: readonly object[] = []): DescMessage {
  let number = 0;
  const next = () => {
    number = number === 13 ? 1_000 : number + 1; // tags of one byte and of more
    return number;
  };
  const each = (prefix: string, rest: object) =>
    types.map((type) => ({ name: `${prefix}_${type}`, number: next(), type: type as number as Type, ...rest }));
  const map = (type: ScalarType) => ({
    name: `Map${type}Entry`,
    options: { mapEntry: true },
    field: [
      { name: "key", number: 1, type: Type.STRING, label: Label.OPTIONAL },
      { name: "value", number: 2, type: type as number as Type, label: Label.OPTIONAL },
    ],
  });
  const self = `.test.${name}`;
  const file = create(FileDescriptorProtoSchema, {
    name: `${name}.proto`,
    package: "test",
    syntax: "proto3",
    dependency: ["google/protobuf/timestamp.proto", "google/protobuf/wrappers.proto"],
    enumType: [
      {
        name: `${name}Enum`,
        value: [
          { name: `${name}_ZERO`, number: 0 },
          { name: `${name}_MINUS`, number: -1 },
        ],
      },
    ],
    messageType: [
      {
        name,
        nestedType: types.map(map),
        oneofDecl: [{ name: "choice" }, ...types.map((type) => ({ name: `_maybe_${type}` }))],
        field: [
          ...each("one", { label: Label.OPTIONAL }),
          ...types.map((type, index) => ({
            name: `maybe_${type}`,
            number: next(),
            type: type as number as Type,
            label: Label.OPTIONAL,
            proto3Optional: true,
            oneofIndex: index + 1,
          })),
          ...each("many", { label: Label.REPEATED }),
          ...each("loose", { label: Label.REPEATED, options: { packed: false } }).filter(
            ({ type }) => type !== Type.STRING && type !== Type.BYTES,
          ),
          ...each("choice", { label: Label.OPTIONAL, oneofIndex: 0 }),
          ...types.map((type) => ({
            name: `map_${type}`,
            number: next(),
            type: Type.MESSAGE,
            typeName: `${self}.Map${type}Entry`,
            label: Label.REPEATED,
          })),
          { name: "child", number: next(), type: Type.MESSAGE, typeName: self, label: Label.OPTIONAL },
          { name: "children", number: next(), type: Type.MESSAGE, typeName: self, label: Label.REPEATED },
          { name: "kind", number: next(), type: Type.ENUM, typeName: `${self}Enum`, label: Label.OPTIONAL },
          { name: "kinds", number: next(), type: Type.ENUM, typeName: `${self}Enum`, label: Label.REPEATED },
          {
            name: "at",
            number: next(),
            type: Type.MESSAGE,
            typeName: ".google.protobuf.Timestamp",
            label: Label.OPTIONAL,
          },
          ...more.map((field) => ({ number: next(), label: Label.OPTIONAL, ...field })),
        ],
      },
    ],
  });
  const known: Record<string, typeof file> = {
    "google/protobuf/timestamp.proto": file_google_protobuf_timestamp.proto,
    "google/protobuf/wrappers.proto": file_google_protobuf_wrappers.proto,
  };
  const type = createFileRegistry(file, (path) => known[path]).getMessage(`test.${name}`);
  assert(type !== undefined);
  return type;
}

/** The same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Maker {
  constructor(private readonly random: () => number) {}

  message(type: DescMessage, depth = 0): Message {
    const init: Record<string, unknown> = {};
    for (const field of type.fields) {
      if (this.random() < 0.55) {
        continue;
      }
      const name = field.localName;
      const value = () =>
        field.message !== undefined
          ? this.message(field.message, depth + 1)
          : field.enum !== undefined
            ? this.pick(field.enum.values.map(({ number }) => number))
            : this.scalar(field.scalar as ScalarType);
      if (field.message !== undefined && depth > 1) {
        continue;
      }
      if (field.fieldKind === "list") {
        init[name] = this.times(value);
      } else if (field.fieldKind === "map") {
        init[name] = Object.fromEntries(this.times(() => [this.string(), value()]));
      } else if (field.oneof !== undefined) {
        init[field.oneof.localName] = { case: name, value: value() };
      } else {
        init[name] = value();
      }
    }
    return create(type, init);
  }

  private times<T>(make: () => T): T[] {
    return Array.from({ length: Math.floor(this.random() * 5) }, make);
  }

  private pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)] as T;
  }

  private string(): string {
    const length = this.pick([0, 1, 5, 31, 32, 42, 43, 127, 128, 300, 5_500, 70_000]);
    return this.pick(["a", "é", "€", "😀", "\ud800", "ab\u0000"]).repeat(
      length > 300 && this.random() < 0.9 ? 3 : length,
    );
  }

  private scalar(type: ScalarType): unknown {
    const { random } = this;
    const signed = [0, 1, -1, 127, 128, 300, -300, 2 ** 31 - 1, -(2 ** 31)];
    switch (type) {
      case ScalarType.BOOL:
        return random() < 0.5;
      case ScalarType.STRING:
        return this.string();
      case ScalarType.BYTES:
        return new Uint8Array(this.pick([0, 1, 31, 32, 127, 128, 16_383, 16_384, 100_000])).fill(random() * 256);
      case ScalarType.DOUBLE:
        return this.pick([0, -0, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, 1e300, 5e-324]);
      case ScalarType.FLOAT:
        return this.pick([0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 3.4028234663852886e38, 0.1]);
      case ScalarType.INT32:
      case ScalarType.SINT32:
      case ScalarType.SFIXED32:
        return this.pick(signed);
      case ScalarType.UINT32:
      case ScalarType.FIXED32:
        return this.pick([0, 1, 127, 128, 2 ** 21, 2 ** 28, 2 ** 32 - 1]);
      case ScalarType.UINT64:
      case ScalarType.FIXED64:
        return this.pick([0n, 1n, 127n, 128n, 2n ** 31n, 2n ** 35n, 2n ** 53n - 1n, 2n ** 64n - 1n]);
      default:
        return this.pick([0n, 1n, 128n, 2n ** 40n, -1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]);
    }
  }
}

describe("the encoder", () => {
  it("writes what protobuf-es writes, whatever the message", () => {
    const type = kinds("Common", common);
    const encode = encoderOf(type);
    const make = new Maker(seeded(7));
    for (let round = 0; round < 1_000; round++) {
      const message = make.message(type);
      const bytes = encode(message);
      assert(bytes !== undefined, "declined");
      assert(Buffer.compare(bytes, toBinary(type, message)) === 0, `round ${round}`);
    }
  });

  it("writes fields of proto2, but leaves required ones to protobuf-es", () => {
    const features = create(FeatureSetSchema, { fieldPresence: 1, enumType: 2 });
    const bytes = encoderOf(FeatureSetSchema)(features);
    assert.deepEqual(Buffer.from(bytes ?? []), Buffer.from(toBinary(FeatureSetSchema, features)));
    const { proto } = file_google_protobuf_descriptor;
    assert.equal(encoderOf(FileDescriptorProtoSchema)(proto), undefined); // UninterpretedOption.NamePart has some
  });

  it("leaves to protobuf-es what is out of the ordinary", () => {
    assert.equal(encoderOf(StructSchema)(create(StructSchema)), undefined);
    for (const [name, scalar] of [...rare].entries()) {
      const type = kinds(`Rare${name}`, [scalar]);
      assert.equal(encoderOf(type)(create(type)), undefined);
    }
    const wrapped = kinds("Wrapped", [], [{ name: "w", type: Type.MESSAGE, typeName: ".google.protobuf.Int32Value" }]);
    assert.equal(encoderOf(wrapped)(create(wrapped)), undefined);
    const encode = encoderOf(TimestampSchema);
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

  it("goes on after a message that it could not finish", () => {
    const type = kinds("Broken", [ScalarType.STRING, ScalarType.BYTES]);
    const encode = encoderOf(type);
    const field = (prefix: string): DescField => {
      const found = type.fields.find(({ name }) => name.startsWith(prefix));
      assert(found !== undefined);
      return found;
    };
    const broken = create(type) as Message & Record<string, unknown>;
    broken[field("one_12").localName] = new Uint8Array(100_000);
    Object.defineProperty(broken, field("many").localName, {
      get() {
        assert.equal(encode(create(type)), undefined); // one at a time
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
