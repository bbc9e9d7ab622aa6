import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import type {
  DescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
  MethodDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/**
 * Adds what compilers write into descriptors and some servers leave out: JSON names (gRPC for C++), and full names of
 * types (protobufjs, and therefore grpc-js, has relative names, which are resolved from the inner scope to the outer).
 * Existing values are not changed.
 *
 * @returns the file that defines each type, by the type's full name with a leading dot.
 */
export function normalize(files: readonly FileDescriptorProto[]): ReadonlyMap<string, FileDescriptorProto> {
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

/** Returns the full names of all types that the fields and methods of a file use. */
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

/** Yields all fields and extensions, each with the scope that contains it. */
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
