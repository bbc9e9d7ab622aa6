import { usage } from "../failure.js";
import type { DescriptorFlags } from "../grammar/flags.js";
import { type Connection, defaultTimeoutMs } from "../server/connection.js";
import { compile } from "./compile.js";
import { descriptorSet, readDescriptorSet } from "./file-source.js";
import { reflect } from "./reflection.js";
import type { DescriptorSource } from "./source.js";

/**
 * Chooses the source of a server's descriptors: the files that the flags name, or else the server's reflection.
 *
 * @param timeoutMs the timeout of each reflection request; undefined or 0 for the default of 5 s.
 */
export async function chooseSource(
  connection: Connection,
  flags: DescriptorFlags,
  timeoutMs?: number,
): Promise<DescriptorSource> {
  const { proto = [], importPath = [], descriptorSet: set } = flags;
  if (set !== undefined) {
    if (proto.length > 0) {
      throw usage("use either --proto or --descriptor-set, not both");
    }
    return readDescriptorSet(set);
  }
  if (proto.length > 0) {
    return descriptorSet(await compile(proto, importPath), proto.join(", "));
  }
  if (importPath.length > 0) {
    throw usage("--import-path needs --proto");
  }
  return reflect(connection, timeoutMs || defaultTimeoutMs);
}
