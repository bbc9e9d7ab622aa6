import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { usage } from "../failure.js";
import { readBytes } from "../grammar/input.js";
import { link } from "./link.js";
import { type DescriptorSource, namedType } from "./source.js";

/**
 * Reads what a compiler made of proto files: `buf build -o x.binpb`, or
 * `protoc --include_imports --descriptor_set_out=x.binpb …`.
 *
 * @throws {Failure} if there is no such file, or it is none of these.
 */
export async function readDescriptorSet(file: string): Promise<DescriptorSource> {
  return descriptorSet(await readBytes(file), file);
}

/** @param origin where the bytes come from, for messages. */
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
    // Said below: any file is wrong in the same way.
  }
  throw usage(
    `${origin} is no descriptor set: make one by buf build -o, or protoc --include_imports --descriptor_set_out`,
  );
}
