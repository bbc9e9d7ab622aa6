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

/** Returns a service in the form of `describe --json`. Of a method, its service is returned with this method alone. */
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
    // The descriptor's own text is kept: it has the digits of any number, and the escapes of bytes.
    ...(isFieldSet(field.proto, FieldDescriptorProtoSchema.field.defaultValue) && {
      default: field.proto.defaultValue,
    }),
    ...(field.deprecated && { deprecated: true }),
  };
}

/** Returns the type of a field's values: a full name, or a scalar such as `string` or `int64`. */
function typeNameOf(field: DescField): string {
  return field.message?.typeName ?? field.enum?.typeName ?? scalarName(field.scalar as ScalarType);
}

function scalarName(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}
