import { readFile } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";

/** The backend's configuration, a JSON file. */
export interface Config {
  readonly name: string;
  /** The longest text that is worked on, in UTF-16 code units. */
  readonly maxCharacters: number;
}

/** In force until `Initialize` names a file. */
export const defaultConfig: Config = { name: "unnamed", maxCharacters: 10_000 };

/** The file that the demo names. */
export const demoConfigPath = fileURLToPath(new URL("../module.json", import.meta.url));

/** A configuration that cannot be used. The message says which, why, and what to do. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** @throws {ConfigError} if the file cannot be read, is no JSON, or lacks something. */
export async function readConfig(path: string): Promise<Config> {
  if (!isAbsolute(path)) {
    throw new ConfigError(`the path ${JSON.stringify(path)} is not absolute: the backend has a folder of its own`);
  }
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException; // SyntaxError has no code
    throw new ConfigError(`cannot read ${path}: ${code ?? message}`, { cause });
  }
  const { name, maxCharacters } = Object(value) as Record<string, unknown>;
  if (typeof name !== "string" || name === "") {
    throw new ConfigError(`${path}: "name" must be a text that is not empty`);
  }
  if (typeof maxCharacters !== "number" || !Number.isInteger(maxCharacters) || maxCharacters < 1) {
    throw new ConfigError(`${path}: "maxCharacters" must be a whole number above 0`);
  }
  return { name, maxCharacters };
}
