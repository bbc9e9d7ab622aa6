import { create, createFileRegistry, createRegistry, type DescFile, type FileRegistry } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Failure } from "../failure.js";
import { complete, typesUsedIn } from "./complete.js";

/**
 * Makes types of files. An import that nobody has is taken for an empty file, which does no harm unless a type of it is used
 * (files that only declare options are often left out).
 *
 * @param origin where the files come from, for the message.
 * @throws {Failure} if they do not fit together.
 */
export function link(files: ReadonlyMap<string, FileDescriptorProto>, origin: string): FileRegistry {
  try {
    const all = withImports(files);
    const definedIn = complete([...all.values()]);
    return createFileRegistry(create(FileDescriptorSetSchema, { file: sorted(all, definedIn) }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("failed", `the descriptions of ${origin} do not fit together: ${why}`, undefined, { cause });
  }
}

/** A file that comes with protobuf itself: google/protobuf/timestamp.proto and the like. */
export function wellKnownFile(name: string): FileDescriptorProto | undefined {
  return wellKnownFiles.get(name);
}

const wellKnownFiles = new Map(
  Object.values(wkt)
    .filter(isFile)
    .map(({ proto }) => [proto.name, proto]),
);

/** The file in which protobuf itself brings a type; servers that put their descriptions together again have it elsewhere (grpc-js). */
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
        // A Map that grows while it is walked is walked to its new end.
        all.set(name, wellKnownFile(name) ?? create(FileDescriptorProtoSchema, { name, syntax: "proto3" }));
      }
    }
  }
  return all;
}

/** Each file after those whose types it uses, as protobuf-es wants them; grpc-js does not say what its files import. */
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
