import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { usage } from "../failure.js";

/**
 * Yields the text that an argument stands for: the argument itself, the content of a file (`@file`), or standard input
 * (`-`).
 *
 * @throws {Failure} if the file cannot be read, or is not UTF-8.
 */
export async function* openInput(argument: string): AsyncIterable<string> {
  if (argument !== "-" && !argument.startsWith("@")) {
    yield argument;
    return;
  }
  const file = argument.slice(1);
  const stream: AsyncIterable<Buffer> = argument === "-" ? process.stdin : createReadStream(file);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const bytes of stream) {
      yield decoder.decode(bytes, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    throw cannotRead(argument === "-" ? "standard input" : file, error);
  }
}

/** Reads a file. @throws {Failure} if it cannot be read. */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw cannotRead(file, error);
  }
}

function cannotRead(what: string, error: unknown) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
    return usage(`${what} is not UTF-8`);
  }
  return usage(`cannot read ${what} (${code ?? message})`);
}
