import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import type {
  DescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
  MethodDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/**
 * Adds to files what compilers write and some servers leave out: names in JSON (gRPC for C++), and the packages of types'
 * names, which are then meant to be looked up from the inside out (protobufjs, and so grpc-js). What is there stays as it is.
 *
 * @returns the full name of each type, with a dot in front, and the file that defines it.
 */
export function complete(files: readonly FileDescriptorProto[]): ReadonlyMap<string, FileDescriptorProto> {
  const definedIn = new Map<string, FileDescriptorProto>();
  for (const file of files) {
    for (const name of typesDefinedBy({ nestedType: file.messageType, enumType: file.enumType }, scopeOf(file))) {
      definedIn.set(name, file);
    }
  }
  for (const file of files) {
    for (const [field, scope] of fieldsOf(file)) {
      if (field.typeName !== "") {
        field.typeName = fullName(field.typeName, scope, definedIn);
      }
      if (field.extendee !== "") {
        field.extendee = fullName(field.extendee, scope, definedIn);
      }
      field.jsonName ||= protoCamelCase(field.name);
    }
    for (const method of methodsOf(file)) {
      method.inputType = fullName(method.inputType, scopeOf(file), definedIn);
      method.outputType = fullName(method.outputType, scopeOf(file), definedIn);
    }
  }
  return definedIn;
}

/** The full names of all types that the fields and methods of a file have. */
export function typesUsedIn(file: FileDescriptorProto): Set<string> {
  const fields = [...fieldsOf(file)].flatMap(([{ typeName, extendee }]) => [typeName, extendee]);
  const methods = methodsOf(file).flatMap(({ inputType, outputType }) => [inputType, outputType]);
  return new Set([...fields, ...methods].filter((name) => name !== ""));
}

function scopeOf({ package: name }: FileDescriptorProto): string {
  return name === "" ? "" : `.${name}`;
}

function* typesDefinedBy(
  { nestedType, enumType }: Pick<DescriptorProto, "nestedType" | "enumType">,
  scope: string,
): Iterable<string> {
  for (const { name } of enumType) {
    yield `${scope}.${name}`;
  }
  for (const message of nestedType) {
    yield `${scope}.${message.name}`;
    yield* typesDefinedBy(message, `${scope}.${message.name}`);
  }
}

/** All fields and extensions, each with the scope that it stands in. */
function* fieldsOf(file: FileDescriptorProto): Iterable<[FieldDescriptorProto, string]> {
  for (const extension of file.extension) {
    yield [extension, scopeOf(file)];
  }
  for (const message of file.messageType) {
    yield* fieldsWithin(message, `${scopeOf(file)}.${message.name}`);
  }
}

function* fieldsWithin(message: DescriptorProto, scope: string): Iterable<[FieldDescriptorProto, string]> {
  for (const field of [...message.field, ...message.extension]) {
    yield [field, scope];
  }
  for (const nested of message.nestedType) {
    yield* fieldsWithin(nested, `${scope}.${nested.name}`);
  }
}

function methodsOf(file: FileDescriptorProto): MethodDescriptorProto[] {
  return file.service.flatMap(({ method }) => method);
}

function fullName(name: string, scope: string, known: ReadonlyMap<string, unknown>): string {
  if (name.startsWith(".")) {
    return name;
  }
  for (let from = scope; from !== ""; from = from.slice(0, from.lastIndexOf("."))) {
    if (known.has(`${from}.${name}`)) {
      return `${from}.${name}`;
    }
  }
  return `.${name}`;
}
