import type { Command } from "commander";
import { usage } from "./failure.js";

export function addHeaderFlag(command: Command): Command {
  return command.option(
    "-H, --header <header>",
    "send this metadata, 'name: value' (can be repeated); a value of a …-bin name is base64",
    (text: string, before: string[] = []) => [...before, text],
  );
}

/** Reads metadata as the user wrote it. @throws {Failure} if it is not `name: value`. */
export function parseHeaders(lines: readonly string[] = []): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([^:\s]+)\s*:\s*(.*)$/s.exec(line) ?? [];
    try {
      headers.append(name, value);
    } catch {
      throw usage(`${JSON.stringify(line)} is no metadata: write 'name: value'`);
    }
  }
  return headers;
}
