import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { wireTypeOf } from "./encoder.js";
import { maxUnknownFields } from "./unknown-fields.js";

/**
 * Refuses what `fromBinary` would keep more than `maxUnknownFields` unknown fields of: it keeps each by itself.
 * @throws {ConnectError} ResourceExhausted
 */
export function assertFewUnknown(type: DescMessage, bytes: Uint8Array): void {
  if (bytes.length > 2 * maxUnknownFields && hasManyUnknown(type, bytes)) {
    throw new ConnectError(
      `${type.typeName} of ${bytes.length} bytes has more than ${maxUnknownFields} unknown fields, ` +
        "in a form in which they cannot be kept together; binaryOptions { readUnknownFields: false } drops them",
      Code.ResourceExhausted,
    );
  }
}

function hasManyUnknown(type: DescMessage, bytes: Uint8Array): boolean {
  const counter = new Counter(bytes);
  try {
    counter.message(type, bytes.length);
  } catch (error) {
    if (error !== enough) {
      return false; // malformed from here on, as `fromBinary` will say
    }
  }
  return counter.isEnough;
}

const enough = new Error("enough");

/** As protobuf-es has it unless told otherwise. */
const maxDepth = 100;

/** Goes through a message as `fromBinary` does, and makes nothing of it. */
class Counter {
  #unknown = 0;
  #depth = 0;
  readonly #reader: BinaryReader;

  constructor(bytes: Uint8Array) {
    this.#reader = new BinaryReader(bytes);
  }

  get isEnough(): boolean {
    return this.#unknown > maxUnknownFields;
  }

  message(type: DescMessage, length: number): void {
    const reader = this.#reader;
    const end = reader.pos + length;
    this.#enter();
    while (reader.pos < end) {
      const [no, wireType] = reader.tag();
      this.#field(type, no, wireType);
    }
    this.#depth--;
  }

  #group(type: DescMessage): void {
    this.#enter();
    for (;;) {
      const [no, wireType] = this.#reader.tag();
      if (wireType === WireType.EndGroup) {
        break;
      }
      this.#field(type, no, wireType);
    }
    this.#depth--;
  }

  #enter(): void {
    if (++this.#depth > maxDepth) {
      throw new Error("too deep");
    }
  }

  #field(type: DescMessage, no: number, wireType: WireType): void {
    const reader = this.#reader;
    const field = fieldsOf(type).get(no);
    if (field === undefined) {
      reader.skip(wireType, no, maxDepth - this.#depth);
      this.#countUnknown();
    } else if (field.fieldKind === "map") {
      this.#entry(field);
    } else if (field.message !== undefined) {
      if (field.delimitedEncoding) {
        this.#group(field.message);
      } else {
        this.message(field.message, reader.uint32());
      }
    } else {
      const isPacked = field.fieldKind === "list" && wireType === WireType.LengthDelimited;
      reader.skip(isPacked ? wireType : wireTypeOf(field), no);
      if (field.fieldKind === "enum" && !field.enum.open) {
        this.#countUnknown(); // values that the enum does not have are kept so
      }
    }
  }

  #entry(field: DescField & { fieldKind: "map" }): void {
    const reader = this.#reader;
    for (const end = reader.uint32() + reader.pos; reader.pos < end; ) {
      const [no, wireType] = reader.tag();
      if (no === 2 && field.message !== undefined) {
        this.message(field.message, reader.uint32());
      } else {
        reader.skip(wireType, no, maxDepth - this.#depth);
      }
    }
  }

  #countUnknown(): void {
    if (++this.#unknown > maxUnknownFields) {
      throw enough;
    }
  }
}

const fields = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsOf(type: DescMessage): ReadonlyMap<number, DescField> {
  let byNumber = fields.get(type);
  if (byNumber === undefined) {
    byNumber = new Map(type.fields.map((field) => [field.number, field]));
    fields.set(type, byNumber);
  }
  return byNumber;
}
