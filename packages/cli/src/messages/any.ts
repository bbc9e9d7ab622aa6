import {
  create,
  createFileRegistry,
  createMutableRegistry,
  createRegistry,
  type DescMessage,
  fromBinary,
  type JsonValue,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import {
  type Any,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type { DescriptorSource } from "../descriptors/source.js";

const wellKnown = createRegistry(
  wkt.file_google_protobuf_any,
  wkt.file_google_protobuf_duration,
  wkt.file_google_protobuf_empty,
  wkt.file_google_protobuf_field_mask,
  wkt.file_google_protobuf_struct,
  wkt.file_google_protobuf_timestamp,
  wkt.file_google_protobuf_wrappers,
);

/** The limit of nested messages. Readers count the content of an Any from 0 again, so the limit is kept here, too. */
const deepest = 100;

/** Returns the types for reading this JSON. The types that an `Any` in it names are looked up. */
export async function registryForJson(json: JsonValue, source: DescriptorSource): Promise<Registry> {
  for (const type of typesNamedIn(json)) {
    await source.find(type);
  }
  return createRegistry(wellKnown, source.registry);
}

/**
 * Returns the types for writing this message as JSON. The type of each `Any` in it is looked up. An `Any` whose type
 * nobody describes is shown by its bytes, `{"@type": …, "base64": …}`; for that it is changed in place.
 */
export async function registryForMessage(message: object, source: DescriptorSource): Promise<Registry> {
  const anys = [...anysIn(message)];
  if (anys.length === 0) {
    return source.registry;
  }
  const opaque = createMutableRegistry();
  for (const any of anys) {
    await prepare(any);
  }
  return createRegistry(wellKnown, source.registry, opaque);

  async function prepare(any: Any, depth = 1): Promise<void> {
    if (depth > deepest) {
      throw new Error(`Any messages are nested more than ${deepest} deep`);
    }
    const type = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
    const desc = wellKnown.getMessage(type) ?? (await source.find(type));
    if (desc?.kind === "message") {
      const content = fromBinary(desc, any.value);
      const inner = [...anysIn(content)];
      for (const one of inner) {
        await prepare(one, depth + 1);
      }
      if (inner.length > 0) {
        any.value = toBinary(desc, content);
      }
    } else if (type !== "") {
      const bytesOnly = opaque.getMessage(type) ?? typeOfBytes(type);
      opaque.add(bytesOnly);
      any.value = toBinary(bytesOnly, create(bytesOnly, { base64: any.value } as never));
    }
  }
}

function* typesNamedIn(json: JsonValue): Iterable<string> {
  if (typeof json === "object" && json !== null) {
    for (const [key, value] of Object.entries(json)) {
      if (key === "@type" && typeof value === "string") {
        yield value.slice(value.lastIndexOf("/") + 1);
      } else {
        yield* typesNamedIn(value as JsonValue);
      }
    }
  }
}

function* anysIn(value: unknown): Iterable<Any> {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return;
  }
  if ("$typeName" in value && value.$typeName === "google.protobuf.Any") {
    yield value as Any;
    return;
  }
  for (const part of Object.values(value)) {
    yield* anysIn(part);
  }
}

/** Returns a message type of this name with one field, for bytes. */
function typeOfBytes(typeName: string): DescMessage {
  const dot = typeName.lastIndexOf(".");
  const field = {
    name: "base64",
    jsonName: "base64",
    number: 1,
    label: FieldDescriptorProto_Label.OPTIONAL,
    type: FieldDescriptorProto_Type.BYTES,
  };
  const file = create(FileDescriptorProtoSchema, {
    name: `${typeName}.proto`,
    package: typeName.slice(0, Math.max(0, dot)),
    syntax: "proto3",
    messageType: [{ name: typeName.slice(dot + 1), field: [field] }],
  });
  return createFileRegistry(file, () => undefined).getMessage(typeName) as DescMessage;
}
