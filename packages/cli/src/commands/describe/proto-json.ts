import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  isFieldSet,
  type JsonObject,
  ScalarType,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, FieldDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { methodName } from "../../descriptors/find-method.js";

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
    ...(field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED && { required: true }),
    // As the descriptor has it: digits of any number, the escapes of bytes.
    ...(isFieldSet(field.proto, FieldDescriptorProtoSchema.field.defaultValue) && {
      default: field.proto.defaultValue,
    }),
    ...(field.deprecated && { deprecated: true }),
  };
}

/** The type of a field's values: a full name, or `string`, `int64`, …. */
function typeNameOf(field: DescField): string {
  return field.message?.typeName ?? field.enum?.typeName ?? scalarName(field.scalar as ScalarType);
}

function scalarName(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}
