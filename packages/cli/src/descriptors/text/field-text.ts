import { isFieldSet } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import type { TextContext } from "./context.js";
import { quoted, unescapedBytes } from "./literal.js";
import { type Option, optionsInBrackets, optionsOf } from "./options-text.js";

/** Returns a field without its end: `repeated int32 ids = 4 [deprecated = true]`. */
export function fieldHead(
  context: TextContext,
  field: FieldDescriptorProto,
  scope: string,
  mapEntry: DescriptorProto | undefined,
): string {
  const label = mapEntry === undefined ? labelOf(context, field) : "";
  const name = isGroup(field) ? lastPart(field.typeName) : field.name;
  const type = mapEntry === undefined ? typeOf(context, field, scope) : mapType(context, mapEntry, scope);
  return `${label}${type} ${name} = ${field.number}${optionsInBrackets(fieldOptions(context, field))}`;
}

export function isGroup({ type }: FieldDescriptorProto): boolean {
  return type === FieldDescriptorProto_Type.GROUP;
}

/** Whether the field is in a oneof of the proto file, and not in the synthetic one that proto3's `optional` creates. */
export function isInOneof(field: FieldDescriptorProto): boolean {
  return isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex) && !field.proto3Optional;
}

function labelOf({ isProto2 }: TextContext, field: FieldDescriptorProto): string {
  switch (field.label) {
    case FieldDescriptorProto_Label.REPEATED:
      return "repeated ";
    case FieldDescriptorProto_Label.REQUIRED:
      return "required ";
    default:
      return field.proto3Optional || (isProto2 && !isInOneof(field)) ? "optional " : "";
  }
}

function typeOf(context: TextContext, field: FieldDescriptorProto, scope: string): string {
  if (isGroup(field)) {
    context.used.add(field.typeName.slice(1));
    return "group";
  }
  return field.typeName === ""
    ? (FieldDescriptorProto_Type[field.type] ?? "").toLowerCase()
    : context.nameOf(field.typeName, scope);
}

function mapType(context: TextContext, { field }: DescriptorProto, scope: string): string {
  const [key, value] = field;
  const written = [key, value].map((one) => (one === undefined ? "" : typeOf(context, one, scope)));
  return `map<${written.join(", ")}>`;
}

function fieldOptions(context: TextContext, field: FieldDescriptorProto): Option[] {
  const all: Option[] = [];
  if (isFieldSet(field, FieldDescriptorProtoSchema.field.defaultValue)) {
    all.push(["default", defaultText(field)]);
  }
  // The JSON name of an extension is always its full name in brackets.
  if (field.extendee === "" && field.jsonName !== "" && field.jsonName !== protoCamelCase(field.name)) {
    all.push(["json_name", quoted(field.jsonName)]);
  }
  return [...all, ...optionsOf(context, FieldOptionsSchema, field.options)];
}

function defaultText({ type, defaultValue }: FieldDescriptorProto): string {
  switch (type) {
    case FieldDescriptorProto_Type.STRING:
      return quoted(defaultValue);
    case FieldDescriptorProto_Type.BYTES:
      return quoted(unescapedBytes(defaultValue));
    default:
      return defaultValue;
  }
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
