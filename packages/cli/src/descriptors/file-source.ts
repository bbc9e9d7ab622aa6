import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { usage } from "../failure.js";
import { readBytes } from "../grammar/input.js";
import { link } from "./link.js";
import { type DescriptorSource, namedType } from "./source.js";

/**
 * Reads a descriptor set that a compiler wrote: `buf build -o x.binpb`, or `protoc --include_imports
 * --descriptor_set_out=x.binpb …`.
 *
 * @throws {Failure} if the file does not exist, or is not a descriptor set.
 */
export async function readDescriptorSet(file: string): Promise<DescriptorSource> {
  return descriptorSet(await readBytes(file), file);
}

/** @param origin where the bytes come from, for error messages. */
export function descriptorSet(bytes: Uint8Array, origin: string): DescriptorSource {
  const registry = link(filesIn(bytes, origin), origin);
  const services = [...registry].filter(({ kind }) => kind === "service").map(({ typeName }) => typeName);
  return {
    origin,
    registry,
    services: async () => services.sort(),
    find: async (typeName) => namedType(registry.get(typeName)),
    async [Symbol.asyncDispose]() {},
  };
}

function filesIn(bytes: Uint8Array, origin: string) {
  try {
    const { file } = fromBinary(FileDescriptorSetSchema, bytes);
    if (file.length > 0 && file.every(({ name }) => name !== "")) {
      return new Map(file.map((one) => [one.name, one]));
    }
  } catch {
    // The same error is thrown below, whatever is wrong with the bytes.
  }
  throw usage(
    `${origin} is no descriptor set: make one by buf build -o, or protoc --include_imports --descriptor_set_out`,
  );
}
