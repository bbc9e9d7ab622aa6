import { usage } from "../failure.js";

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
    if (name.toLowerCase().endsWith("-bin") && !base64.test(value)) {
      throw usage(`${JSON.stringify(value)} is not base64, as the value of ${name} has to be`);
    }
  }
  return headers;
}

/** With its padding or without. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
