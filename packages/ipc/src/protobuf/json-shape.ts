import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BYTES_FIELD_BYTES, blankBytesOf } from "./message-cost.js";

/**
 * The memory, in bytes, that a value at one position in the JSON of a message takes, and the shapes of nested values.
 */
export interface JsonShape {
  /** The memory of a string, a number, true, false or null. */
  readonly scalarBytes: number;
  /** The memory of an array, without its elements. */
  readonly arrayBytes: number;
  /** The memory of an object, without its keys and values. */
  readonly objectBytes: number;
  /** The memory of each key of an object. */
  readonly keyBytes: number;
  /** The shape of the elements of an array. */
  readonly element: JsonShape;
  /** Returns the shape of an object's value, whose key is in `[start, end)`, with its quotation marks. */
  valueOf(bytes: Uint8Array, start: number, end: number): JsonShape;
}

// The following numbers were measured with Node.js 20 on a 64-bit machine.
/** The memory of the references to a value: one in its array or object, and one in the message. */
const PLACE_BYTES = 16;
const NUMBER_BYTES = 16;
const ARRAY_BYTES = 48;
const OBJECT_BYTES = 56;
/** The memory of a key that is not a field of a message: its text, and its entry in an object that is a hash table. */
const KEY_BYTES = 64;

/** The shape of a position where all values, at any depth, have the same costs. */
class Uniform implements JsonShape {
  readonly scalarBytes: number;
  readonly arrayBytes: number;
  readonly objectBytes: number;
  readonly element = this;

  /**
   * Adds the memory of the parsed JSON to that of the message.
   * @param scalarBytes the memory that a scalar takes in the message
   * @param arrayBytes the memory that an array takes in the message
   * @param objectBytes the memory that an object takes in the message
   * @param keyBytes the memory of a key in the parsed JSON and in the message
   */
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

/** The shape of JSON that belongs to no field. It is parsed and then dropped. */
const unknown: JsonShape = new Uniform(0, 0, 0, KEY_BYTES);
/** The shape of values of unknown types (`google.protobuf.Any`, extensions). They are assumed to be large messages. */
const anything: JsonShape = new Uniform(128, 256, 512, 2 * KEY_BYTES);

/** The shape of a repeated field or a map, whose values all have one shape. */
class Repeated implements JsonShape {
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
    // Messages such as google.protobuf.Timestamp and the wrappers are a string or a number in JSON.
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
  return field.fieldKind === "list" || field.fieldKind === "map" ? new Repeated(value) : value;
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
    return ""; // this is not JSON, which the parser reports
  }
}

const shapes = new WeakMap<DescMessage, JsonShape>();

/** Returns the shape of the JSON of a message type. */
export function shapeOf(type: DescMessage): JsonShape {
  let shape = shapes.get(type);
  if (shape === undefined) {
    shape = shapeOfKnown(type) ?? new MessageShape(type);
    shapes.set(type, shape);
  }
  return shape;
}

/**
 * Returns the shape of a type whose JSON does not depend on its fields: https://protobuf.dev/programming-guides/json/.
 */
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

/** The memory of a `Value` with its content. Both have one field, and a `Value` has a oneof as well. */
const VALUE_BYTES = 64 + 40 + 6 * 8;
const dynamic: JsonShape = new Uniform(
  VALUE_BYTES,
  VALUE_BYTES + 64 + 8 + 32,
  VALUE_BYTES + 64 + 8 + 56,
  2 * KEY_BYTES,
);
