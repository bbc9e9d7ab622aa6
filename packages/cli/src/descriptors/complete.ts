import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import type { DescriptorProto, FieldDescriptorProto, FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/**
 * Adds to files what compilers write and some servers leave out: names in JSON (gRPC for C++), and the packages of types'
 * names, which are then meant to be looked up from the inside out (protobufjs, and so grpc-js). What is there stays as it is.
 */
export function complete(files: readonly FileDescriptorProto[]): void {
  const known = new Set<string>();
  for (const file of files) {
    collect({ messages: file.messageType, enums: file.enumType }, scopeOf(file), known);
  }
  for (const file of files) {
    completeFile(file, known);
  }
}

function scopeOf({ package: name }: FileDescriptorProto): string {
  return name === "" ? "" : `.${name}`;
}

interface Types {
  readonly messages: readonly DescriptorProto[];
  readonly enums: readonly { readonly name: string }[];
}

function collect({ messages, enums }: Types, scope: string, known: Set<string>): void {
  for (const { name } of enums) {
    known.add(`${scope}.${name}`);
  }
  for (const { name, nestedType, enumType } of messages) {
    known.add(`${scope}.${name}`);
    collect({ messages: nestedType, enums: enumType }, `${scope}.${name}`, known);
  }
}

function completeFile(file: FileDescriptorProto, known: ReadonlySet<string>): void {
  const scope = scopeOf(file);
  for (const extension of file.extension) {
    completeField(extension, scope, known);
  }
  for (const message of file.messageType) {
    completeMessage(message, scope, known);
  }
  for (const method of file.service.flatMap((service) => service.method)) {
    method.inputType = fullName(method.inputType, scope, known);
    method.outputType = fullName(method.outputType, scope, known);
  }
}

function completeMessage(message: DescriptorProto, outer: string, known: ReadonlySet<string>): void {
  const scope = `${outer}.${message.name}`;
  for (const field of [...message.field, ...message.extension]) {
    completeField(field, scope, known);
  }
  for (const nested of message.nestedType) {
    completeMessage(nested, scope, known);
  }
}

function completeField(field: FieldDescriptorProto, scope: string, known: ReadonlySet<string>): void {
  field.typeName = fullName(field.typeName, scope, known);
  field.extendee = fullName(field.extendee, scope, known);
  field.jsonName ||= protoCamelCase(field.name);
}

function fullName(name: string, scope: string, known: ReadonlySet<string>): string {
  if (name === "" || name.startsWith(".")) {
    return name;
  }
  for (let from = scope; from !== ""; from = from.slice(0, from.lastIndexOf("."))) {
    if (known.has(`${from}.${name}`)) {
      return `${from}.${name}`;
    }
  }
  return `.${name}`;
}
