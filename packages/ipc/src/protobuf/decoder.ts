import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import {
  blankOf,
  ENUM,
  FieldKind,
  type FieldPlan,
  type Fields,
  MESSAGE,
  newShape,
  type Plan,
  planOf,
  type Shape,
  type ValuePlan,
} from "./decoder-plan.js";
import { allowance, BYTES_FIELD_BYTES, tooCostly, UNKNOWN_BYTES } from "./message-cost.js";
import {
  closeWire,
  openWire,
  readBool,
  readBytes,
  readDouble,
  readFixed32,
  readFixed64,
  readFloat,
  readInt32,
  readInt64,
  readLength,
  readSfixed32,
  readSfixed64,
  readSint32,
  readSint64,
  readString,
  readUint32,
  readUint64,
  readVarint,
  skipValue,
  wire,
} from "./reader.js";
import { UnknownFields, unknown } from "./unknown-fields.js";

/**
 * The counterpart of the encoder. `fromBinary` of protobuf-es creates a reader, a view, a context and a pair for every
 * tag, which takes most of its time for short messages. It remains the authority: when this decoder meets anything
 * unusual (malformed input, groups, wrappers), it declines, and `fromBinary` parses the message from the beginning,
 * errors included.
 */

/**
 * Parses the message in `[start, end)` of `bytes`, by default all of it; returns undefined if the message is left to
 * `fromBinary`. If the memory is lent, no
 * part of the message stays in it. Unknown fields are kept in `$unknown` (see `UnknownFields`) or dropped.
 * @throws {ConnectError} ResourceExhausted for a message that would take memory out of proportion, see
 *   message-cost.ts
 */
export type Decoder = (
  bytes: Uint8Array,
  isLent?: boolean,
  dropsUnknown?: boolean,
  start?: number,
  end?: number,
) => Message | undefined;

const decoders = new WeakMap<DescMessage, Decoder>();

/** Returns the decoder for messages of this type, which is created at the first request. */
export function decoderOf(type: DescMessage): Decoder {
  let decoder = decoders.get(type);
  if (decoder === undefined) {
    decoder = createDecoder(type, planOf(type));
    decoders.set(type, decoder);
  }
  return decoder;
}

function createDecoder(type: DescMessage, plan: Plan): Decoder {
  return (bytes, isLent = false, dropsUnknown = false, start = 0, end = bytes.length) => {
    const prototype = Object.getPrototypeOf(bytes);
    if (prototype !== Uint8Array.prototype && prototype !== Buffer.prototype) {
      return undefined; // A subclass may have overridden any method.
    }
    openWire(bytes, isLent, start, end);
    depth = 0;
    unknown.begin(dropsUnknown);
    allowance.begin(end - start);
    const message = blankOf(plan, shapeOf(plan, end));
    const isDone = readFields(plan, message, end);
    closeWire();
    if (allowance.left < 0) {
      throw tooCostly(type, end - start);
    }
    return isDone ? (message as Message) : undefined;
  };
}

/** The default recursion limit of protobuf-es. */
const MAX_DEPTH = 100;
let depth = 0;

function readFields(plan: Plan, message: Fields, end: number): boolean {
  if (++depth > MAX_DEPTH) {
    return false;
  }
  const { byTag } = plan;
  let unknownFields: UnknownFields | undefined;
  while (wire.at < end) {
    const tagAt = wire.at;
    let tag = wire.bytes[tagAt] as number;
    let field: FieldPlan | undefined;
    if (tag < 0x80) {
      wire.at++;
      field = byTag[tag];
    } else if (readVarint() && wire.high === 0) {
      tag = wire.low;
      field = plan.byLongTag.get(tag);
    } else {
      return false;
    }
    if (field === undefined) {
      if (unknownFields === undefined) {
        unknownFields = new UnknownFields();
        allowance.left -= UNKNOWN_BYTES;
      }
      if (!readUnknown(plan, unknownFields, tag, tagAt)) {
        return false;
      }
    } else if (!readField(field, message)) {
      return false;
    }
  }
  if (unknownFields !== undefined) {
    unknownFields.addTo(message as Partial<Message>);
  }
  depth--;
  return wire.at === end;
}

/** Reads an unknown field whose tag has been read. */
function readUnknown({ numbers }: Plan, fields: UnknownFields, tag: number, tagAt: number): boolean {
  const valueAt = wire.at;
  const no = tag >>> 3;
  const wireType = tag & 7;
  if (no === 0 || numbers.has(no) || !skipValue(wireType)) {
    return false;
  }
  fields.add(no, wireType, tagAt, valueAt, wire.at);
  return true;
}

function readField(field: FieldPlan, message: Fields): boolean {
  const { name, value } = field;
  let item: unknown;
  switch (field.kind) {
    case FieldKind.SCALAR:
      item = readValue(value, undefined);
      if (item !== undefined) {
        message[name] = item;
      }
      break;
    case FieldKind.MESSAGE:
      item = readMessage(value.plan as Plan, message[name]);
      if (item !== undefined) {
        message[name] = item;
      }
      break;
    case FieldKind.ONEOF: {
      const before = message[field.oneof] as { case?: string; value?: unknown };
      item = readValue(value, before.case === name ? before.value : undefined);
      if (item !== undefined) {
        message[field.oneof] = { case: name, value: item };
      }
      break;
    }
    case FieldKind.LIST:
      item = readValue(value, undefined);
      if (item !== undefined) {
        (message[name] as unknown[]).push(item);
      }
      if (value.type === ScalarType.BYTES) {
        allowance.left -= BYTES_FIELD_BYTES;
        return item !== undefined && allowance.left >= 0;
      }
      break;
    case FieldKind.PACKED:
      return readPacked(value, message[name] as unknown[]);
    case FieldKind.MAP:
      return readEntry(field.key as ValuePlan, value, message[name] as Fields);
  }
  return item !== undefined;
}

function readPacked(value: ValuePlan, items: unknown[]): boolean {
  const length = readLength();
  const end = wire.at + length;
  while (wire.at < end) {
    const item = readValue(value, undefined);
    if (item === undefined) {
      return false;
    }
    items.push(item);
  }
  return length >= 0 && wire.at === end;
}

/** Reads a map entry whose key, if present, precedes its value, as all implementations write it. */
function readEntry(keys: ValuePlan, values: ValuePlan, map: Fields): boolean {
  const length = readLength();
  const end = wire.at + length;
  const key = length > 0 ? readEntryField(1, keys, end) : keys.zero;
  const value = key === undefined ? undefined : readEntryField(2, values, end);
  if (length < 0 || value === undefined || wire.at !== end || key === "__proto__") {
    return false;
  }
  map[key as string] = value;
  return true;
}

function readEntryField(number: number, value: ValuePlan, end: number): unknown {
  if (wire.at < end && wire.bytes[wire.at] === ((number << 3) | value.wireType)) {
    wire.at++;
    return readValue(value, undefined);
  }
  if (value.type === MESSAGE) {
    const plan = value.plan as Plan;
    allowance.left -= plan.blankBytes;
    return blankOf(plan, plan.shape);
  }
  return value.type === ScalarType.BYTES ? new Uint8Array(0) : value.zero;
}

/** Reads a message, merging it into a previous one of the same field. */
function readMessage(plan: Plan, before: unknown): Fields | undefined {
  const length = readLength();
  if (length < 0) {
    return undefined;
  }
  const end = wire.at + length;
  if (before !== undefined) {
    return readFields(plan, before as Fields, end) ? (before as Fields) : undefined;
  }
  allowance.left -= plan.blankBytes;
  if (allowance.left < 0) {
    return undefined;
  }
  const message = blankOf(plan, shapeOf(plan, end));
  return readFields(plan, message, end) ? message : undefined;
}

function readEnum({ known }: ValuePlan): number | undefined {
  const value = readInt32();
  return value === undefined || known === undefined || known.has(value) ? value : undefined;
}

function readValue(value: ValuePlan, before: unknown): unknown {
  switch (value.type) {
    case MESSAGE:
      return readMessage(value.plan as Plan, before);
    case ENUM:
      return readEnum(value);
    case ScalarType.STRING:
      return readString();
    case ScalarType.BYTES:
      return readBytes();
    case ScalarType.BOOL:
      return readBool();
    case ScalarType.INT32:
      return readInt32();
    case ScalarType.UINT32:
      return readUint32();
    case ScalarType.SINT32:
      return readSint32();
    case ScalarType.FIXED32:
      return readFixed32();
    case ScalarType.SFIXED32:
      return readSfixed32();
    case ScalarType.INT64:
      return readInt64();
    case ScalarType.UINT64:
      return readUint64();
    case ScalarType.SINT64:
      return readSint64();
    case ScalarType.FIXED64:
      return readFixed64();
    case ScalarType.SFIXED64:
      return readSfixed64();
    case ScalarType.FLOAT:
      return readFloat();
    case ScalarType.DOUBLE:
      return readDouble();
  }
}

/** Looks ahead for the properties that a message is going to have. Missing one only makes the decoder slower. */
function shapeOf(plan: Plan, end: number): Shape {
  let { shape } = plan;
  if (!plan.hasLate) {
    return shape;
  }
  const from = wire.at;
  while (wire.at < end) {
    const field = plan.byTag[wire.bytes[wire.at] as number];
    wire.at++;
    if (field === undefined || !skipValue(field.wireType)) {
      break;
    }
    if (field.isLate) {
      shape = shape.next.get(field) ?? newShape(plan, shape, field);
    }
  }
  wire.at = from;
  return shape;
}
