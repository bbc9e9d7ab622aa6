import { create, createFileRegistry, type DescFile, type FileRegistry } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Failure } from "../failure.js";
import { complete } from "./complete.js";

/**
 * Makes types of files. Each file comes after those that it imports, as protobuf-es wants them; an import that nobody has is
 * taken for an empty file, which does no harm unless a type of it is used (files that only declare options are often left out).
 *
 * @param origin where the files come from, for the message.
 * @throws {Failure} if they do not fit together.
 */
export function link(files: ReadonlyMap<string, FileDescriptorProto>, origin: string): FileRegistry {
  const sorted = new Map<string, FileDescriptorProto>();
  for (const name of files.keys()) {
    addWithImports(name, files, sorted, new Set());
  }
  complete([...sorted.values()]);
  try {
    return createFileRegistry(create(FileDescriptorSetSchema, { file: [...sorted.values()] }));
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
    .filter((value): value is DescFile => typeof value === "object" && "kind" in value && value.kind === "file")
    .map(({ proto }) => [proto.name, proto]),
);

function addWithImports(
  name: string,
  files: ReadonlyMap<string, FileDescriptorProto>,
  sorted: Map<string, FileDescriptorProto>,
  above: Set<string>,
): void {
  if (sorted.has(name) || above.has(name)) {
    return;
  }
  above.add(name);
  const file = files.get(name) ?? wellKnownFile(name) ?? create(FileDescriptorProtoSchema, { name, syntax: "proto3" });
  for (const imported of file.dependency) {
    addWithImports(imported, files, sorted, above);
  }
  sorted.set(name, file);
}
