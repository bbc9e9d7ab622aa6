import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ProtoFile } from "../../descriptors/text/proto-files.js";
import { Failure } from "../../failure.js";

/**
 * Writes proto files into a folder, each under its own name. File names come from the server, so they are checked
 * first.
 *
 * @returns the names of the files.
 * @throws {Failure} if a name leads out of the folder or is not the name of a proto file.
 */
export async function writeProtoFiles(folder: string, files: readonly ProtoFile[]): Promise<string[]> {
  for (const { name } of files) {
    if (!isName(name)) {
      throw new Failure("failed", `the server has a file with an invalid name, ${JSON.stringify(name)}`);
    }
  }
  for (const { name, lines } of files) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${lines.join("\n")}\n`);
  }
  return files.map(({ name }) => name).sort();
}

/** A valid name is, for example, `acme/shop/v1/shop.proto`. */
function isName(name: string): boolean {
  return /^(?:[\w+-][\w.+-]*\/)*[\w+-][\w.+-]*\.proto$/.test(name);
}
