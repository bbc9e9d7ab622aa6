import { type Command, InvalidArgumentError } from "commander";
import { parseDuration } from "./duration.js";

/** The flags of every command that dials a server. */
export interface ConnectionFlags {
  /** Ids of the users whose sockets may be dialled in addition to the user's own and root's. */
  readonly trust?: number[];
}

/** The flags that name files with descriptors, as an alternative to the server's reflection. */
export interface DescriptorFlags {
  readonly proto?: string[];
  readonly importPath?: string[];
  readonly descriptorSet?: string;
}

export function addTrustFlag(command: Command): Command {
  return command.option(
    "--trust <uid>",
    "also dial sockets of this user, in addition to your own and root's (can be repeated)",
    (text: string, before: number[] = []) => [...before, parseUid(text)],
  );
}

export function addTimeoutFlag(command: Command, what: string, shown: string): Command {
  return command.option(
    "--timeout <time>",
    `${what}: 500ms, 10s, 1m30s; 0 for no limit (default: ${shown})`,
    parseDuration,
  );
}

export function addJsonFlag(command: Command, what: string): Command {
  return command.option("--json", what);
}

export function addHeaderFlag(command: Command): Command {
  return command.option(
    "-H, --header <header>",
    "send this metadata, 'name: value' (can be repeated); the value of a …-bin name is base64",
    (text: string, before: string[] = []) => [...before, text],
  );
}

export function addDescriptorFlags(command: Command): Command {
  return command
    .option(
      "--proto <file>",
      "read the services from this proto file instead of asking the server (can be repeated)",
      list,
    )
    .option("-I, --import-path <dir>", "search this folder for imported proto files (can be repeated)", list)
    .option("--descriptor-set <file>", "read the services from a compiled FileDescriptorSet instead");
}

function parseUid(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new InvalidArgumentError("A user id is a number: see id -u.");
  }
  return Number(text);
}

function list(value: string, before: string[] = []): string[] {
  return [...before, value];
}
