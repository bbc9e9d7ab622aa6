import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { beginMessage, beginMessageIn, dropMessage, endMessage, endMessageIn, reserve, slab } from "./slab.js";
import { WireType, wireTypeOf } from "./wire-type.js";

/**
 * The binary encoding of common messages. `toBinary` of protobuf-es creates a writer, a growing buffer and a copy for
 * every message, which took a tenth of a short call's time and a third of a long one's. It remains the authority: when
 * this encoder meets anything unusual (a value of the wrong type, unknown fields, groups, wrappers), it declines, and
 * `toBinary` encodes the message, errors included.
 */

/** Writes a message, field or value; returns false if it declines. */
type Write = (value: never) => boolean;
type WriteAny = (value: unknown) => boolean;

/** Encodes messages of one type; its functions return undefined if a message is left to `toBinary`. */
export interface Encoder {
  encode(message: object): Uint8Array | undefined;
  /**
   * Encodes a message at `at` of this memory. Returns where it ends, or the message itself if it does not fit there.
   */
  encodeIn(message: object, memory: Buffer, at: number): number | Uint8Array | undefined;
}

const encoders = new WeakMap<DescMessage, Encoder>();

/** Returns the encoder for messages of this type, which is created at the first request. */
export function encoderOf(type: DescMessage): Encoder {
  let encoder = encoders.get(type);
  if (encoder === undefined) {
    encoder = createEncoder(type);
    encoders.set(type, encoder);
  }
  return encoder;
}

function createEncoder(type: DescMessage): Encoder {
  const write = messageWriter(type, new Map());
  if (write === undefined) {
    return { encode: () => undefined, encodeIn: () => undefined };
  }
  return {
    encode(message) {
      if (isEncoding) {
        return undefined; // a getter of a message encodes another one
      }
      beginMessage();
      return writeAll(write, message) ? endMessage() : undefined;
    },
    encodeIn(message, memory, at) {
      if (isEncoding) {
        return undefined;
      }
      beginMessageIn(memory, at);
      return writeAll(write, message) ? endMessageIn() : undefined;
    },
  };
}

/** Writes the message begun. Discards it if the writer declines, or throws. */
function writeAll(write: WriteAny, message: object): boolean {
  isEncoding = true;
  let isDone = false;
  try {
    isDone = write(message);
  } finally {
    isEncoding = false;
    if (!isDone) {
      dropMessage();
    }
  }
  return isDone;
}
let isEncoding = false;

/** google.protobuf.FeatureSet.FieldPresence */
const EXPLICIT = 1;
const IMPLICIT = 2;

type Fields = Record<string, unknown>;

/**
 * Returns a writer of messages; undefined if the encoder does not support a field of the message or of a message in it.
 */
function messageWriter(type: DescMessage, known: Map<DescMessage, WriteAny>): WriteAny | undefined {
  const before = known.get(type);
  if (before !== undefined) {
    return before;
  }
  const writers: WriteAny[] = [];
  const { typeName } = type;
  const write = (value: unknown): boolean => {
    const message = value as Fields;
    if (message.$typeName !== typeName || message.$unknown !== undefined) {
      return false;
    }
    for (let i = 0; i < writers.length; i++) {
      if (!(writers[i] as WriteAny)(message)) {
        return false;
      }
    }
    return true;
  };
  known.set(type, write);
  for (const field of [...type.fields].sort((a, b) => a.number - b.number)) {
    const writer = fieldWriter(field, known);
    if (writer === undefined) {
      return undefined;
    }
    writers.push(writer);
  }
  return write;
}

function fieldWriter(field: DescField, known: Map<DescMessage, WriteAny>): WriteAny | undefined {
  switch (field.fieldKind) {
    case "list":
      return listWriter(field, known);
    case "map":
      return mapWriter(field, known);
    default:
      return singularWriter(field, known);
  }
}

function singularWriter(
  field: DescField & { fieldKind: "scalar" | "enum" | "message" },
  known: Map<DescMessage, WriteAny>,
): WriteAny | undefined {
  const value = valueWriter(field, known);
  if (value === undefined) {
    return undefined;
  }
  const { localName } = field;
  const write = tagged(field.number, wireTypeOf(field), value);
  if (field.oneof !== undefined) {
    const oneof = field.oneof.localName;
    return (message) => {
      const chosen = (message as Fields)[oneof] as { case?: string; value?: unknown };
      return chosen.case !== localName || write(chosen.value);
    };
  }
  if (field.presence === EXPLICIT) {
    return (message) => {
      const own = (message as Fields)[localName];
      return own === undefined || !Object.hasOwn(message as Fields, localName) || write(own);
    };
  }
  if (field.presence !== IMPLICIT) {
    return undefined; // LEGACY_REQUIRED
  }
  const isZero = zeroOf(field);
  return (message) => {
    const own = (message as Fields)[localName];
    return isZero(own) || write(own);
  };
}

function listWriter(field: DescField & { fieldKind: "list" }, known: Map<DescMessage, WriteAny>): WriteAny | undefined {
  const value = valueWriter(field, known);
  if (value === undefined) {
    return undefined;
  }
  const { localName } = field;
  const all = (items: unknown, write: WriteAny): boolean => {
    for (let i = 0; i < (items as unknown[]).length; i++) {
      if (!write((items as unknown[])[i])) {
        return false;
      }
    }
    return true;
  };
  if (field.listKind !== "message" && field.packed) {
    const packed = tagged(
      field.number,
      WireType.LENGTH_DELIMITED,
      delimited((items) => all(items, value)),
    );
    return (message) => {
      const items = (message as Fields)[localName] as unknown[];
      return items.length === 0 || packed(items);
    };
  }
  const write = tagged(field.number, wireTypeOf(field), value);
  return (message) => all((message as Fields)[localName], write);
}

/** Returns a writer of maps with string keys; other keys are rare. */
function mapWriter(field: DescField & { fieldKind: "map" }, known: Map<DescMessage, WriteAny>): WriteAny | undefined {
  const value = valueWriter(field, known);
  if (value === undefined || field.mapKey !== ScalarType.STRING) {
    return undefined;
  }
  const { localName } = field;
  const writeKey = tagged(1, WireType.LENGTH_DELIMITED, writeString as WriteAny);
  const writeValue = tagged(2, wireTypeOf(field), value);
  const write = tagged(
    field.number,
    WireType.LENGTH_DELIMITED,
    delimited((entry) => writeKey((entry as [string, unknown])[0]) && writeValue((entry as [string, unknown])[1])),
  );
  return (message) => {
    for (const entry of Object.entries((message as Fields)[localName] as Fields)) {
      if (!write(entry)) {
        return false;
      }
    }
    return true;
  };
}

/** Returns a writer of single values of the field's type, without the tag. */
function valueWriter(field: DescField, known: Map<DescMessage, WriteAny>): WriteAny | undefined {
  if (field.enum !== undefined) {
    return writeInt32 as WriteAny;
  }
  if (field.message !== undefined) {
    // protobuf-es does not represent wrappers and Struct as messages.
    const isPlain = !field.message.typeName.startsWith("google.protobuf.") || plainTypes.has(field.message.typeName);
    if (!isPlain || ("delimitedEncoding" in field && field.delimitedEncoding)) {
      return undefined;
    }
    const write = messageWriter(field.message, known);
    return write && delimited((message) => typeof message === "object" && message !== null && write(message));
  }
  return field.scalar === undefined ? undefined : (scalarWriters[field.scalar] as WriteAny);
}

const plainTypes = new Set(["Any", "Duration", "Empty", "FieldMask", "Timestamp"].map((n) => `google.protobuf.${n}`));

function zeroOf(field: DescField): (value: unknown) => boolean {
  if (field.enum !== undefined) {
    const zero = field.enum.values[0]?.number;
    return (value) => value === zero;
  }
  switch (field.scalar) {
    case ScalarType.BOOL:
      return (value) => value === false;
    case ScalarType.STRING:
      return (value) => value === "";
    case ScalarType.BYTES:
      return (value) => value instanceof Uint8Array && value.length === 0;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return (value) => Object.is(value, 0); // -0 is not the default
    default:
      return (value) => value === 0 || value === 0n;
  }
}

function tagged(number: number, wireType: WireType, write: WriteAny): WriteAny {
  const tag = ((number << 3) | wireType) >>> 0;
  if (tag < 0x80) {
    return (value) => {
      reserve(1);
      slab.buffer[slab.at++] = tag;
      return write(value);
    };
  }
  return (value) => {
    reserve(5);
    varint32(tag);
    return write(value);
  };
}

/**
 * Returns a writer that puts the length in front. It reserves one byte for the length, since most values are short, and
 * moves longer values.
 */
function delimited(write: WriteAny): WriteAny {
  return (value) => {
    reserve(1);
    const from = ++slab.at - slab.start; // the buffer may be a different one afterwards
    if (!write(value)) {
      return false;
    }
    const length = slab.at - slab.start - from;
    if (length < 0x80) {
      slab.buffer[slab.start + from - 1] = length;
      return true;
    }
    const more = varint32Bytes(length) - 1;
    reserve(more);
    const begin = slab.start + from;
    const end = begin + length;
    slab.buffer.copyWithin(begin + more, begin, end);
    slab.at = begin - 1;
    varint32(length);
    slab.at = end + more;
    return true;
  };
}

function varint32Bytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}

/** Writes a varint of at most five bytes into room that the caller has reserved. */
function varint32(value: number): void {
  const { buffer } = slab;
  let { at } = slab;
  let left = value;
  while (left > 0x7f) {
    buffer[at++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  buffer[at++] = left;
  slab.at = at;
}

function writeUint32(value: number): boolean {
  if (value >>> 0 !== value) {
    return false;
  }
  reserve(5);
  varint32(value);
  return true;
}

function writeInt32(value: number): boolean {
  if ((value | 0) !== value) {
    return false;
  }
  if (value >= 0) {
    return writeUint32(value);
  }
  // Negative values are extended to 64 bits.
  reserve(10);
  varint32(value >>> 0);
  const { buffer, at } = slab;
  buffer[at - 1] = ((value >>> 28) & 0x0f) | 0xf0;
  buffer.fill(0xff, at, at + 4);
  buffer[at + 4] = 0x01;
  slab.at = at + 5;
  return true;
}

function writeSint32(value: number): boolean {
  return (value | 0) === value && writeUint32(((value << 1) ^ (value >> 31)) >>> 0);
}

function writeInt64(value: bigint): boolean {
  return typeof value === "bigint" && (exactVarint(value) || (BigInt.asIntN(64, value) === value && anyVarint(value)));
}

function writeUint64(value: bigint): boolean {
  return typeof value === "bigint" && (exactVarint(value) || (BigInt.asUintN(64, value) === value && anyVarint(value)));
}

/** Writes a value that is exact as a number, as nearly all are, which takes a fraction of the time. */
function exactVarint(value: bigint): boolean {
  let left = Number(value);
  if (!(left >= 0 && left <= Number.MAX_SAFE_INTEGER)) {
    return false;
  }
  reserve(10);
  while (left > 0x7fffffff) {
    slab.buffer[slab.at++] = (left & 0x7f) | 0x80;
    left = Math.floor(left / 128);
  }
  varint32(left);
  return true;
}

function anyVarint(value: bigint): boolean {
  reserve(10);
  let left = BigInt.asUintN(64, value);
  for (; left > 0x7fn; left >>= 7n) {
    slab.buffer[slab.at++] = Number(left & 0x7fn) | 0x80;
  }
  slab.buffer[slab.at++] = Number(left);
  return true;
}

function writeBool(value: boolean): boolean {
  if (typeof value !== "boolean") {
    return false;
  }
  reserve(1);
  slab.buffer[slab.at++] = value ? 1 : 0;
  return true;
}

function writeDouble(value: number): boolean {
  if (typeof value !== "number") {
    return false;
  }
  reserve(8);
  slab.at = slab.buffer.writeDoubleLE(value, slab.at);
  return true;
}

const FLOAT32_MAX = 3.4028234663852886e38;

function writeFloat(value: number): boolean {
  if (typeof value !== "number" || (Number.isFinite(value) && Math.abs(value) > FLOAT32_MAX)) {
    return false;
  }
  reserve(4);
  slab.at = slab.buffer.writeFloatLE(value, slab.at);
  return true;
}

function writeFixed32(value: number): boolean {
  if (value >>> 0 !== value) {
    return false;
  }
  reserve(4);
  slab.at = slab.buffer.writeUInt32LE(value, slab.at);
  return true;
}

function writeSfixed32(value: number): boolean {
  return (value | 0) === value && writeFixed32(value >>> 0);
}

function writeBytes(value: Uint8Array): boolean {
  if (!(value instanceof Uint8Array)) {
    return false;
  }
  const { length } = value;
  reserve(5 + length);
  varint32(length);
  const { buffer, at } = slab;
  if (length < SHORT) {
    for (let i = 0; i < length; i++) {
      buffer[at + i] = value[i] as number;
    }
  } else {
    buffer.set(value, at);
  }
  slab.at = at + length;
  return true;
}

/** Below this length a loop is faster than a call into the runtime. */
const SHORT = 32;

function writeString(value: string): boolean {
  if (typeof value !== "string") {
    return false;
  }
  const { length } = value;
  // A UTF-16 unit takes at most 3 bytes; for long strings that estimate is too high, so they are measured.
  reserve(5 + (length < 4_096 ? 3 * length : Buffer.byteLength(value)));
  const { buffer, at } = slab;
  if (length < SHORT) {
    let i = 0;
    for (; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) {
        break;
      }
      buffer[at + 1 + i] = unit;
    }
    if (i === length) {
      buffer[at] = length;
      slab.at = at + 1 + length;
      return true;
    }
  }
  // The encoded length is not known beforehand: the text is written at its final position if the length prefix turns
  // out to have its minimum size.
  const guess = varint32Bytes(length);
  const bytes = buffer.write(value, at + guess, "utf8");
  const needed = varint32Bytes(bytes);
  if (needed !== guess) {
    buffer.copyWithin(at + needed, at + guess, at + guess + bytes);
  }
  varint32(bytes);
  slab.at = at + needed + bytes;
  return true;
}

const scalarWriters: Partial<Record<ScalarType, Write>> = {
  [ScalarType.BOOL]: writeBool,
  [ScalarType.BYTES]: writeBytes,
  [ScalarType.DOUBLE]: writeDouble,
  [ScalarType.FIXED32]: writeFixed32,
  [ScalarType.FLOAT]: writeFloat,
  [ScalarType.INT32]: writeInt32,
  [ScalarType.INT64]: writeInt64,
  [ScalarType.SFIXED32]: writeSfixed32,
  [ScalarType.SINT32]: writeSint32,
  [ScalarType.STRING]: writeString,
  [ScalarType.UINT32]: writeUint32,
  [ScalarType.UINT64]: writeUint64,
};
