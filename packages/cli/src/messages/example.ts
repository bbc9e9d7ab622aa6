import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";

/**
 * The limit of fields in an example, more than anybody would fill in. A few types that contain each other in many ways
 * would otherwise give billions.
 */
const mostFields = 10_000;

/** Protobuf's parsers reject messages that are nested deeper. */
const deepest = 100;

/**
 * Returns a message with a value in every field, as a template. It can be sent as it is: it has the first field of each
 * oneof, and leaves out a message within itself and fields beyond the limits.
 */
export function exampleOf(desc: DescMessage): JsonValue {
  return messageExample(desc, { above: [], room: { left: mostFields } });
}

/** The position of a message in the example. */
interface Nesting {
  /** The types of the messages that contain it. */
  readonly above: readonly DescMessage[];
  /** The number of fields that may still be added to the whole example. */
  readonly room: { left: number };
}

function messageExample(desc: DescMessage, { above, room }: Nesting): JsonValue {
  const wellKnown = wellKnownExample(desc);
  if (wellKnown !== undefined) {
    return wellKnown;
  }
  const example: JsonObject = {};
  const within = { above: [...above, desc], room };
  for (const member of desc.members) {
    const field = member.kind === "oneof" ? member.fields[0] : member;
    if (field !== undefined && !leadsTooDeep(field, within) && room.left-- > 0) {
      example[field.jsonName] = fieldExample(field, within);
    }
  }
  return example;
}

/** Whether the field's message is recursive, or nested too deeply to be parsed. */
function leadsTooDeep(field: DescField, { above }: Nesting): boolean {
  return field.message !== undefined && (above.includes(field.message) || above.length >= deepest);
}

function fieldExample(field: DescField, nesting: Nesting): JsonValue {
  switch (field.fieldKind) {
    case "scalar":
      return scalarExample(field.scalar);
    case "enum":
      return enumExample(field.enum);
    case "message":
      return messageExample(field.message, nesting);
    case "list":
      return [singleExample(field, nesting)];
    case "map":
      return { [keyExample(field.mapKey)]: singleExample(field, nesting) };
  }
}

function singleExample(field: DescField & { fieldKind: "list" | "map" }, nesting: Nesting): JsonValue {
  if (field.message !== undefined) {
    return messageExample(field.message, nesting);
  }
  return field.enum === undefined ? scalarExample(field.scalar) : enumExample(field.enum);
}

/** The first value other than the default, since the default is not sent. */
function enumExample(desc: DescEnum): JsonValue {
  if (desc.typeName === "google.protobuf.NullValue") {
    return null;
  }
  const value = desc.values.find(({ number }) => number !== 0) ?? desc.values[0];
  return value?.name ?? 0;
}

function scalarExample(type: ScalarType): JsonValue {
  switch (type) {
    case ScalarType.STRING:
      return "text";
    case ScalarType.BYTES:
      return Buffer.from("bytes").toString("base64");
    case ScalarType.BOOL:
      return true;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return 1.5;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.SINT64:
      return "1"; // a JSON number cannot hold 64 bits
    default:
      return 1;
  }
}

function keyExample(type: ScalarType): string {
  switch (type) {
    case ScalarType.STRING:
      return "key";
    case ScalarType.BOOL:
      return "true";
    default:
      return "1";
  }
}

/**
 * Returns an example of a well-known type that has its own JSON form (https://protobuf.dev/programming-guides/json).
 */
function wellKnownExample(desc: DescMessage): JsonValue | undefined {
  const [, name] = /^google\.protobuf\.(\w+)$/.exec(desc.typeName) ?? [];
  switch (name) {
    case "Timestamp":
      return "2026-01-31T12:00:00Z";
    case "Duration":
      return "1.5s";
    case "FieldMask":
      return "fieldName";
    case "Any":
      return { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "text" };
    case "Struct":
      return { key: "value" };
    case "Value":
      return "text";
    case "ListValue":
      return ["text"];
    case "StringValue":
    case "BytesValue":
    case "BoolValue":
    case "DoubleValue":
    case "FloatValue":
    case "Int32Value":
    case "UInt32Value":
    case "Int64Value":
    case "UInt64Value":
      return scalarExample(desc.fields[0]?.scalar ?? ScalarType.STRING);
    default:
      return undefined;
  }
}
