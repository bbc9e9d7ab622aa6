import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BYTES_FIELD_BYTES, blankBytesOf } from "./message-cost.js";

/** What the values at one place of a message's JSON cost, in bytes of memory, and what is within them. */
export interface JsonShape {
  /** A string, a number, true, false or null. */
  readonly scalarBytes: number;
  /** An array or an object, without what is in it. */
  readonly arrayBytes: number;
  readonly objectBytes: number;
  /** Each key of an object. */
  readonly keyBytes: number;
  /** What the values in an array are. */
  readonly element: JsonShape;
  /** What the value of an object is whose key is in `[start, end)`, in quotation marks. */
  valueOf(bytes: Uint8Array, start: number, end: number): JsonShape;
}

/** In bytes, as measured with Node.js 20 on 64 bits. A value has a place in its array or object, and one in its message. */
const PLACE_BYTES = 16;
const NUMBER_BYTES = 16;
const ARRAY_BYTES = 48;
const OBJECT_BYTES = 56;
/** A key that is none of a message's fields: its text, and its place in an object that is a hash table. */
const KEY_BYTES = 64;

/** A place where every value is of this shape, however deep. */
class Uniform implements JsonShape {
  readonly scalarBytes: number;
  readonly arrayBytes: number;
  readonly objectBytes: number;
  readonly element = this;

  /** @param arrayBytes what the message has for it, beside the JSON; likewise the others */
  constructor(
    scalarBytes: number,
    arrayBytes: number,
    objectBytes: number,
    readonly keyBytes: number,
  ) {
    this.scalarBytes = PLACE_BYTES + NUMBER_BYTES + scalarBytes;
    this.arrayBytes = PLACE_BYTES + ARRAY_BYTES + arrayBytes;
    this.objectBytes = PLACE_BYTES + OBJECT_BYTES + objectBytes;
  }

  valueOf(): JsonShape {
    return this;
  }
}

/** What is in no message: it is parsed, and dropped. */
const unknown: JsonShape = new Uniform(0, 0, 0, KEY_BYTES);
/** What has a type that only its reader knows: it is taken for messages that are not small. */
const anything: JsonShape = new Uniform(128, 256, 512, 2 * KEY_BYTES);

/** Every value at one place, in a list or a map. */
class Many implements JsonShape {
  readonly scalarBytes = PLACE_BYTES;
  readonly arrayBytes = PLACE_BYTES + ARRAY_BYTES;
  readonly objectBytes = PLACE_BYTES + OBJECT_BYTES;
  readonly keyBytes = 2 * KEY_BYTES;

  constructor(readonly element: JsonShape) {}

  valueOf(): JsonShape {
    return this.element;
  }
}

class MessageShape implements JsonShape {
  readonly scalarBytes: number;
  readonly arrayBytes = PLACE_BYTES + ARRAY_BYTES;
  readonly objectBytes: number;
  readonly keyBytes = 0;
  readonly element = unknown;
  #fields: Map<string, JsonShape> | undefined;

  constructor(private readonly type: DescMessage) {
    const blankBytes = blankBytesOf(type);
    // Timestamp, wrappers and others of google.protobuf are a string or a number in JSON.
    this.scalarBytes =
      PLACE_BYTES + (type.file.proto.package === "google.protobuf" ? blankBytes + BYTES_FIELD_BYTES : 0);
    this.objectBytes = PLACE_BYTES + OBJECT_BYTES + blankBytes;
  }

  valueOf(bytes: Uint8Array, start: number, end: number): JsonShape {
    this.#fields ??= new Map(this.type.fields.flatMap((field) => namesOf(field)));
    const key = keyOf(bytes, start, end);
    return this.#fields.get(key) ?? (key.startsWith("[") ? anything : unknown);
  }
}

function namesOf(field: DescField): [string, JsonShape][] {
  const shape = shapeOfField(field);
  return [
    [field.jsonName, shape],
    [field.name, shape],
  ];
}

function shapeOfField(field: DescField): JsonShape {
  const value =
    field.message === undefined ? (field.scalar === ScalarType.BYTES ? bytesValue : scalar) : shapeOf(field.message);
  return field.fieldKind === "list" || field.fieldKind === "map" ? new Many(value) : value;
}

const scalar: JsonShape = new Uniform(0, 0, 0, KEY_BYTES);
const bytesValue: JsonShape = new Uniform(BYTES_FIELD_BYTES, 0, 0, KEY_BYTES);

function keyOf(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
  if (!text.includes("\\")) {
    return text.slice(1, -1);
  }
  try {
    return JSON.parse(text) as string;
  } catch {
    return ""; // no JSON, as its parser will say
  }
}

const shapes = new WeakMap<DescMessage, JsonShape>();

/** What the JSON of a message of this type is. */
export function shapeOf(type: DescMessage): JsonShape {
  let shape = shapes.get(type);
  if (shape === undefined) {
    shape = shapeOfKnown(type) ?? new MessageShape(type);
    shapes.set(type, shape);
  }
  return shape;
}

/** The types whose JSON is whatever it is: https://protobuf.dev/programming-guides/json/. */
function shapeOfKnown(type: DescMessage): JsonShape | undefined {
  switch (type.typeName) {
    case "google.protobuf.Any":
      return anything;
    case "google.protobuf.Value":
    case "google.protobuf.ListValue":
    case "google.protobuf.Struct":
      return dynamic;
    default:
      return undefined;
  }
}

/** A `Value` with what it is of. Both have one field, and a `Value` has a oneof besides. */
const VALUE_BYTES = 64 + 40 + 6 * 8;
const dynamic: JsonShape = new Uniform(
  VALUE_BYTES,
  VALUE_BYTES + 64 + 8 + 32,
  VALUE_BYTES + 64 + 8 + 56,
  2 * KEY_BYTES,
);
