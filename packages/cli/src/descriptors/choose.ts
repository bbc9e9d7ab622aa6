import type { Command } from "commander";
import { type Connection, defaultTimeoutMs } from "../connection.js";
import { usage } from "../failure.js";
import { compile } from "./compile.js";
import { descriptorSet, readDescriptorSet } from "./file-source.js";
import { reflect } from "./reflection.js";
import type { DescriptorSource } from "./source.js";

/** How the user says where a server's descriptions are, if not by the server itself. */
export interface DescriptorFlags {
  readonly proto?: string[];
  readonly importPath?: string[];
  readonly descriptorSet?: string;
}

export function addDescriptorFlags(command: Command): Command {
  return command
    .option(
      "--proto <file>",
      "read the services from this proto file instead of asking the server (can be repeated)",
      list,
    )
    .option("-I, --import-path <dir>", "where proto files are imported from (can be repeated)", list)
    .option("--descriptor-set <file>", "read the services from a compiled FileDescriptorSet instead");
}

/**
 * The descriptions of a server: from files where they are given, else from the server by reflection.
 *
 * @param timeoutMs how long the server may take to describe itself; undefined or 0 for the default.
 */
export async function chooseSource(
  connection: Connection,
  flags: DescriptorFlags,
  timeoutMs?: number,
): Promise<DescriptorSource> {
  const { proto = [], importPath = [], descriptorSet: set } = flags;
  if (set !== undefined) {
    if (proto.length > 0) {
      throw usage("--proto and --descriptor-set say the same thing: give one of them");
    }
    return readDescriptorSet(set);
  }
  if (proto.length > 0) {
    return descriptorSet(await compile(proto, importPath), proto.join(", "));
  }
  if (importPath.length > 0) {
    throw usage("--import-path is for --proto");
  }
  return reflect(connection, timeoutMs || defaultTimeoutMs);
}

function list(value: string, before: string[] = []): string[] {
  return [...before, value];
}
