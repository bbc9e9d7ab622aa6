import { type DescEnum, type DescField, type DescMessage, type JsonValue, ScalarType } from "@bufbuild/protobuf";

type JsonObject = { [key: string]: JsonValue };

/** More fields nobody fills in. A few types that hold each other in many ways would have billions. */
const mostFields = 10_000;

/** Messages that are nested deeper are refused by protobuf's readers. */
const deepest = 100;

/**
 * A message with a value in every field, to fill in. It can be sent as it is: of each oneof there is the first field, and a
 * message within itself is left out, as is what is too much.
 */
export function exampleOf(desc: DescMessage): JsonValue {
  return messageExample(desc, { above: [], room: { left: mostFields } });
}

/** Where in the example a message stands. */
interface Place {
  /** The messages that it is in. */
  readonly above: readonly DescMessage[];
  /** How many more fields there may be, wherever. */
  readonly room: { left: number };
}

function messageExample(desc: DescMessage, { above, room }: Place): JsonValue {
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

/** Whether a message would be in itself, or so deep in others that nobody could read it. */
function leadsTooDeep(field: DescField, { above }: Place): boolean {
  return field.message !== undefined && (above.includes(field.message) || above.length >= deepest);
}

function fieldExample(field: DescField, place: Place): JsonValue {
  switch (field.fieldKind) {
    case "scalar":
      return scalarExample(field.scalar);
    case "enum":
      return enumExample(field.enum);
    case "message":
      return messageExample(field.message, place);
    case "list":
      return [singleExample(field, place)];
    case "map":
      return { [keyExample(field.mapKey)]: singleExample(field, place) };
  }
}

function singleExample(field: DescField & { fieldKind: "list" | "map" }, place: Place): JsonValue {
  if (field.message !== undefined) {
    return messageExample(field.message, place);
  }
  return field.enum === undefined ? scalarExample(field.scalar) : enumExample(field.enum);
}

/** The first value that is not the default, which would not even be sent. */
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
      return "1"; // 64 bits are more than a JSON number holds
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

/** The types that have a form of their own in JSON (https://protobuf.dev/programming-guides/json). */
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
