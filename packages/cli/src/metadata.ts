import { usage } from "./failure.js";

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
