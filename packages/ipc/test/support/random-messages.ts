import assert from "node:assert/strict";
import { create, createFileRegistry, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

export const scalars = Object.values(ScalarType).filter((value): value is ScalarType => typeof value === "number");

export interface KindsOptions {
  readonly more?: readonly object[];
  readonly syntax?: "proto2" | "proto3";
  /** The types of map keys, besides string. */
  readonly keys?: readonly ScalarType[];
  /** Whether lists are packed that by default are not, and the other way round. */
  readonly isSwapped?: boolean;
}

/**
 * Creates a message type with fields of these scalar types in every form, an enum, the type itself, and a Timestamp.
 */
export function kinds(name: string, types: readonly ScalarType[], options: KindsOptions = {}): DescMessage {
  const { more = [], syntax = "proto3", keys = [], isSwapped = false } = options;
  let number = 0;
  const next = () => {
    number = number === 13 ? 1_000 : number + 1; // this covers tags of one byte and of more
    return number;
  };
  const each = (prefix: string, rest: object) =>
    types.map((type) => ({ name: `${prefix}_${type}`, number: next(), type: type as number as Type, ...rest }));
  const packable = ({ type }: { type: Type }) => type !== Type.STRING && type !== Type.BYTES;
  const map = (type: ScalarType, name: string, key: ScalarType) => ({
    name,
    options: { mapEntry: true },
    field: [
      { name: "key", number: 1, type: key as number as Type, label: Label.OPTIONAL },
      { name: "value", number: 2, type: type as number as Type, label: Label.OPTIONAL },
    ],
  });
  const self = `.test.${name}`;
  const file = create(FileDescriptorProtoSchema, {
    name: `${name}.proto`,
    package: "test",
    syntax,
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
        nestedType: [
          ...types.map((type) => map(type, `Map${type}Entry`, ScalarType.STRING)),
          ...keys.map((type) => map(type, `By${type}Entry`, type)),
        ],
        oneofDecl: [
          { name: "choice" },
          ...(syntax === "proto3" ? types.map((type) => ({ name: `_maybe_${type}` })) : []),
        ],
        field: [
          ...each("one", { label: Label.OPTIONAL }),
          ...types.map((type, index) => ({
            name: `maybe_${type}`,
            number: next(),
            type: type as number as Type,
            label: Label.OPTIONAL,
            ...(syntax === "proto3" ? { proto3Optional: true, oneofIndex: index + 1 } : {}),
          })),
          ...each("many", { label: Label.REPEATED }).map((field) =>
            packable(field) ? { ...field, options: { packed: !isSwapped } } : field,
          ),
          ...each("loose", { label: Label.REPEATED, options: { packed: isSwapped } }).filter(packable),
          ...each("choice", { label: Label.OPTIONAL, oneofIndex: 0 }),
          ...types.map((type) => ({
            name: `map_${type}`,
            number: next(),
            type: Type.MESSAGE,
            typeName: `${self}.Map${type}Entry`,
            label: Label.REPEATED,
          })),
          ...keys.map((type) => ({
            name: `by_${type}`,
            number: next(),
            type: Type.MESSAGE,
            typeName: `${self}.By${type}Entry`,
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
          {
            name: "choice_child",
            number: next(),
            type: Type.MESSAGE,
            typeName: self,
            label: Label.OPTIONAL,
            oneofIndex: 0,
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

/** Creates a generator that yields the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Maker {
  constructor(
    private readonly random: () => number,
    private readonly letters: readonly string[] = ["a", "é", "€", "😀", "\ud800", "ab\u0000"],
    private readonly maxLength = 100_000,
  ) {}

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
        init[name] = Object.fromEntries(this.times(() => [String(this.scalar(field.mapKey)), value()]));
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
    const length = this.length([0, 1, 5, 31, 32, 42, 43, 127, 128, 300, 5_500, 70_000]);
    return this.pick(this.letters).repeat(length > 300 && this.random() < 0.9 ? 3 : length);
  }

  private length(lengths: readonly number[]): number {
    return this.pick(lengths.filter((length) => length <= this.maxLength));
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
        return new Uint8Array(this.length([0, 1, 31, 32, 127, 128, 16_383, 16_384, 100_000])).fill(random() * 256);
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
