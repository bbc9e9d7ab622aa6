import type { DescEnum, DescField, DescMessage, DescMethod, DescService, JsonObject } from "@bufbuild/protobuf";
import { methodName } from "./find-method.js";
import { scalarName, typeNameOf } from "./proto-text.js";

/** A service, or the one of a method with nothing but this method, for `describe --json`. */
export function serviceJson(desc: DescService | DescMethod): JsonObject {
  const service = desc.kind === "rpc" ? desc.parent : desc;
  const methods = desc.kind === "rpc" ? [desc] : desc.methods;
  return {
    name: service.typeName,
    methods: methods.map((method) => ({
      name: method.name,
      fullName: methodName(method),
      kind: method.methodKind,
      input: method.input.typeName,
      output: method.output.typeName,
      deprecated: method.deprecated,
    })),
  };
}

export function typeJson(type: DescMessage | DescEnum): JsonObject {
  if (type.kind === "enum") {
    return { name: type.typeName, values: type.values.map(({ name, number }) => ({ name, number })) };
  }
  const nested = [...type.nestedMessages, ...type.nestedEnums].map(typeJson);
  return {
    name: type.typeName,
    fields: type.fields.map(fieldJson),
    ...(nested.length > 0 && { nested }),
  };
}

function fieldJson(field: DescField): JsonObject {
  return {
    name: field.name,
    jsonName: field.jsonName,
    number: field.number,
    kind: field.fieldKind,
    type: typeNameOf(field),
    ...(field.fieldKind === "map" && { keyType: scalarName(field.mapKey) }),
    ...(field.oneof !== undefined && { oneof: field.oneof.name }),
    ...(field.deprecated && { deprecated: true }),
  };
}
