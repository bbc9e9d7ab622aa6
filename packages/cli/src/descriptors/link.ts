import { create, createFileRegistry, createRegistry, type DescFile, type FileRegistry } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Failure } from "../failure.js";
import { normalize, typesUsedIn } from "./normalize.js";

/**
 * Builds a registry of types from files. An import that is missing is replaced with an empty file, which does no harm
 * unless one of its types is used. Files that only declare options are often missing.
 *
 * @param origin where the files come from, for error messages.
 * @throws {Failure} if the files contradict each other.
 */
export function link(files: ReadonlyMap<string, FileDescriptorProto>, origin: string): FileRegistry {
  try {
    const all = withImports(files);
    const definedIn = normalize([...all.values()]);
    return createFileRegistry(create(FileDescriptorSetSchema, { file: sorted(all, definedIn) }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("failed", `the descriptors of ${origin} contradict each other: ${why}`, undefined, { cause });
  }
}

/** Returns a file that protobuf itself defines, such as google/protobuf/timestamp.proto. */
export function wellKnownFile(name: string): FileDescriptorProto | undefined {
  return wellKnownFiles.get(name);
}

const wellKnownFiles = new Map(
  Object.values(wkt)
    .filter(isFile)
    .map(({ proto }) => [proto.name, proto]),
);

/**
 * Returns the name of the file in which protobuf itself defines a type. Servers that rebuild their descriptors
 * (grpc-js) have the type in another file.
 */
export function wellKnownFileOf(typeName: string): string | undefined {
  return typeName.startsWith("google.protobuf.") ? wellKnownTypes.get(typeName)?.file.proto.name : undefined;
}

const wellKnownTypes = createRegistry(...Object.values(wkt).filter(isFile));

function isFile(value: unknown): value is DescFile {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "file";
}

function withImports(files: ReadonlyMap<string, FileDescriptorProto>): Map<string, FileDescriptorProto> {
  const all = new Map(files);
  for (const { dependency } of all.values()) {
    for (const name of dependency) {
      if (!all.has(name)) {
        // A Map may grow while it is iterated; new entries are visited, too.
        all.set(name, wellKnownFile(name) ?? create(FileDescriptorProtoSchema, { name, syntax: "proto3" }));
      }
    }
  }
  return all;
}

/**
 * Sorts the files so that each follows those whose types it uses, as protobuf-es requires. The files of grpc-js do not
 * list their imports.
 */
function sorted(
  files: ReadonlyMap<string, FileDescriptorProto>,
  definedIn: ReadonlyMap<string, FileDescriptorProto>,
): FileDescriptorProto[] {
  const result = new Set<FileDescriptorProto>();
  const visited = new Set<FileDescriptorProto>();
  for (const file of files.values()) {
    visit(file);
  }
  return [...result];

  function visit(file: FileDescriptorProto): void {
    if (!visited.has(file)) {
      visited.add(file);
      const imported = file.dependency.map((name) => files.get(name));
      const used = [...typesUsedIn(file)].map((type) => definedIn.get(type));
      for (const other of [...imported, ...used]) {
        if (other !== undefined) {
          visit(other);
        }
      }
      result.add(file);
    }
  }
}
