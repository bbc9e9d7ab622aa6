import type { JsonValue } from "@bufbuild/protobuf";

/**
 * Returns the text on one line, without characters that control a terminal: servers and processes may send anything,
 * including escape sequences.
 */
export function printable(text: string): string {
  return text.replace(/\s*[\r\n\t]+\s*/g, " ").replace(unprintable, "\ufffd");
}

/** Control characters, and those that change the direction of the text after them. */
const unprintable = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Formats JSON with all of these characters escaped. JSON itself only requires that for those below U+0020. */
export function jsonText(json: JsonValue, indent?: number): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(json, null, indent).replace(unprintable, (char) => (char === "\n" ? char : escaped(char)));
}
