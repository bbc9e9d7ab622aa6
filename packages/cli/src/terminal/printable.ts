import type { JsonValue } from "@bufbuild/protobuf";

/**
 * The text on one line, without what would do something to a terminal: servers and processes say what they like, escape sequences
 * included.
 */
export function printable(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, " ").replace(/\p{Cc}/gu, "\ufffd");
}

/** JSON in which every control character is escaped; JSON itself asks for that only below the blank. */
export function jsonText(json: JsonValue, indent?: number): string {
  return JSON.stringify(json, null, indent).replace(
    /[\u007f-\u009f]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
