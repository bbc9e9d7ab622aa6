import { usage } from "../failure.js";

/** Parses metadata given as `name: value`. @throws {Failure} if a line has another form. */
export function parseHeaders(lines: readonly string[] = []): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([^:\s]+)\s*:\s*(.*)$/s.exec(line) ?? [];
    try {
      headers.append(name, value);
    } catch {
      throw usage(`${JSON.stringify(line)} is not metadata: write 'name: value'`);
    }
    if (name.toLowerCase().endsWith("-bin") && !base64.test(value)) {
      throw usage(`${JSON.stringify(value)} is not base64, which the value of ${name} must be`);
    }
  }
  return headers;
}

/** Base64, with or without padding. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
