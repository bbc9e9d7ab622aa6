import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { allowance, alwaysAffordableBytes, BYTES_FIELD_BYTES, blankBytesOf, tooCostly } from "./message-cost.js";
import { maxUnknownFields } from "./unknown-fields.js";
import { wireTypeOf } from "./wire-type.js";

/**
 * Examines a message before `fromBinary` parses it, which neither joins unknown fields nor counts the memory of its
 * result.
 * @throws {ConnectError} ResourceExhausted for more than `maxUnknownFields` unknown fields, unless they are dropped,
 *   and for a message that would take memory out of proportion
 */
export function assertAffordable(type: DescMessage, bytes: Uint8Array, dropsUnknown: boolean): void {
  if (bytes.length <= alwaysAffordableBytes) {
    return;
  }
  const counter = new Counter(bytes, dropsUnknown);
  allowance.begin(bytes.length);
  try {
    counter.message(type, bytes.length);
  } catch (error) {
    if (error === tooManyUnknown) {
      throw new ConnectError(
        `${type.typeName} of ${bytes.length} bytes has more than ${maxUnknownFields} unknown fields, ` +
          "in a form in which they cannot be joined; binaryOptions { readUnknownFields: false } drops them",
        Code.ResourceExhausted,
      );
    }
    if (error === tooMuch) {
      throw tooCostly(type, bytes.length);
    }
    // The rest is malformed, which `fromBinary` will report.
  }
}

const tooManyUnknown = new Error("too many unknown fields");
const tooMuch = new Error("too much memory");

/** The default recursion limit of protobuf-es. */
const maxDepth = 100;

/** Walks through a message as `fromBinary` does, without creating anything. */
class Counter {
  #unknown = 0;
  #depth = 0;
  readonly #reader: BinaryReader;

  constructor(
    bytes: Uint8Array,
    private readonly dropsUnknown: boolean,
  ) {
    this.#reader = new BinaryReader(bytes);
  }

  message(type: DescMessage, length: number): void {
    const reader = this.#reader;
    const end = reader.pos + length;
    this.#enter(type);
    while (reader.pos < end) {
      const [no, wireType] = reader.tag();
      this.#field(type, no, wireType);
    }
    this.#depth--;
  }

  #group(type: DescMessage): void {
    this.#enter(type);
    for (;;) {
      const [no, wireType] = this.#reader.tag();
      if (wireType === WireType.EndGroup) {
        break;
      }
      this.#field(type, no, wireType);
    }
    this.#depth--;
  }

  #enter(type: DescMessage): void {
    if (++this.#depth > maxDepth) {
      throw new Error("too deep");
    }
    this.#spend(fieldsOf(type).blankBytes);
  }

  #spend(bytes: number): void {
    allowance.left -= bytes;
    if (allowance.left < 0) {
      throw tooMuch;
    }
  }

  #field(type: DescMessage, no: number, wireType: WireType): void {
    const reader = this.#reader;
    const field = fieldsOf(type).byNumber.get(no);
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
      if (field.scalar === ScalarType.BYTES) {
        this.#spend(BYTES_FIELD_BYTES);
      }
      reader.skip(isPacked ? wireType : wireTypeOf(field), no);
      if (field.fieldKind === "enum" && !field.enum.open) {
        this.#countUnknown(); // Values that the closed enum does not have are kept as unknown fields.
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
    if (!this.dropsUnknown && ++this.#unknown > maxUnknownFields) {
      throw tooManyUnknown;
    }
  }
}

interface TypeFields {
  readonly byNumber: ReadonlyMap<number, DescField>;
  readonly blankBytes: number;
}

const fields = new WeakMap<DescMessage, TypeFields>();

function fieldsOf(type: DescMessage): TypeFields {
  let own = fields.get(type);
  if (own === undefined) {
    own = { byNumber: new Map(type.fields.map((field) => [field.number, field])), blankBytes: blankBytesOf(type) };
    fields.set(type, own);
  }
  return own;
}
