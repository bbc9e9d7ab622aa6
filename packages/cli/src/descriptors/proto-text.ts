import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescOneof,
  type DescService,
  ScalarType,
} from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { FieldDescriptorProto_Label } from "@bufbuild/protobuf/wkt";
import { commentOf } from "./comments.js";
import type { NamedType } from "./source.js";

/**
 * Writes a type as it could stand in a proto file, with its comments where they are known. Names of the same package are
 * written without it.
 */
export function protoText(type: NamedType): string[] {
  switch (type.kind) {
    case "service":
      return block(type, `service ${type.name}`, type.methods.map(methodText));
    case "message":
      return messageText(type);
    case "enum":
      return enumText(type);
  }
}

export function methodText(method: DescMethod): string[] {
  const from = method.parent.file.proto.package;
  const { clientStreaming, serverStreaming } = method.proto;
  const input = `${clientStreaming ? "stream " : ""}${shortName(method.input.typeName, from)}`;
  const output = `${serverStreaming ? "stream " : ""}${shortName(method.output.typeName, from)}`;
  const end = method.deprecated ? " { option deprecated = true; }" : ";";
  return [...commentOf(method), `rpc ${method.name}(${input}) returns (${output})${end}`];
}

/** The types that these are made of and they themselves, each once, in the order in which they are met. */
export function typesUsedBy(...roots: readonly (DescMessage | DescEnum)[]): (DescMessage | DescEnum)[] {
  const shown = new Set<DescMessage | DescEnum>();
  const visited = new Set<DescMessage | DescEnum>();
  for (const root of roots) {
    visit(root);
  }
  return [...shown];

  function visit(type: DescMessage | DescEnum): void {
    if (visited.has(type) || type.typeName.startsWith("google.protobuf.")) {
      return; // those of protobuf itself are known
    }
    visited.add(type);
    shown.add(outermost(type)); // a nested type is shown within its parent
    if (type.kind === "message") {
      for (const used of type.fields.map((field) => field.message ?? field.enum)) {
        if (used !== undefined) {
          visit(used);
        }
      }
      type.nestedMessages.forEach(visit);
    }
    visit(outermost(type));
  }
}

function outermost(type: DescMessage | DescEnum): DescMessage | DescEnum {
  return type.parent === undefined ? type : outermost(type.parent);
}

function messageText(message: DescMessage): string[] {
  const members = message.members.map((member) => (member.kind === "oneof" ? oneofText(member) : fieldText(member)));
  return block(message, `message ${message.name}`, [
    ...message.nestedEnums.map(enumText),
    ...message.nestedMessages.map(messageText),
    ...members,
  ]);
}

function oneofText(oneof: DescOneof): string[] {
  return block(oneof, `oneof ${oneof.name}`, oneof.fields.map(fieldText));
}

function fieldText(field: DescField): string[] {
  const options = [
    ...(field.deprecated ? ["deprecated = true"] : []),
    ...(field.jsonName === protoCamelCase(field.name) ? [] : [`json_name = ${JSON.stringify(field.jsonName)}`]),
    ...defaultOption(field),
  ];
  const tail = options.length === 0 ? "" : ` [${options.join(", ")}]`;
  return [...commentOf(field), `${labelOf(field)}${typeOf(field)} ${field.name} = ${field.number}${tail};`];
}

function enumText(type: DescEnum): string[] {
  return block(
    type,
    `enum ${type.name}`,
    type.values.map((value) => [
      ...commentOf(value),
      `${value.name} = ${value.number}${value.deprecated ? " [deprecated = true]" : ""};`,
    ]),
  );
}

function block(
  desc: DescService | DescMessage | DescEnum | DescOneof,
  head: string,
  parts: readonly (readonly string[])[],
): string[] {
  const options = desc.kind !== "oneof" && desc.deprecated ? [["option deprecated = true;"]] : [];
  const body = [...options, ...parts].flat().map((line) => (line === "" ? line : `  ${line}`));
  return body.length === 0 ? [...commentOf(desc), `${head} {}`] : [...commentOf(desc), `${head} {`, ...body, "}"];
}

function labelOf(field: DescField): string {
  if (field.fieldKind === "list") {
    return "repeated ";
  }
  if (field.proto.label === FieldDescriptorProto_Label.REQUIRED) {
    return "required ";
  }
  // Of proto2's labels, `optional` says nothing; of proto3's it does.
  return field.proto.proto3Optional ? "optional " : "";
}

function typeOf(field: DescField): string {
  const value = shortName(typeNameOf(field), field.parent.typeName, field.parent.file.proto.package);
  return field.fieldKind === "map" ? `map<${scalarName(field.mapKey)}, ${value}>` : value;
}

function defaultOption(field: DescField): string[] {
  if (field.proto.defaultValue === "") {
    return [];
  }
  const isText = field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
  return [`default = ${isText ? JSON.stringify(field.proto.defaultValue) : field.proto.defaultValue}`];
}

/** The type of a field's values: a full name, or `string`, `int64`, …. */
export function typeNameOf(field: DescField): string {
  return field.message?.typeName ?? field.enum?.typeName ?? scalarName(field.scalar as ScalarType);
}

export function scalarName(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}

/** The name as it can be written within these scopes, the innermost first. */
function shortName(typeName: string, ...scopes: readonly string[]): string {
  const scope = scopes.find((one) => one !== "" && typeName.startsWith(`${one}.`));
  return scope === undefined ? typeName : typeName.slice(scope.length + 1);
}
