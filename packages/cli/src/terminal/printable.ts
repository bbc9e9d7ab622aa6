import type { JsonValue } from "@bufbuild/protobuf";

/**
 * The text on one line, without what would do something to a terminal: servers and processes say what they like, escape sequences
 * included.
 */
export function printable(text: string): string {
  return text.replace(/\s*[\r\n\t]+\s*/g, " ").replace(unprintable, "\ufffd");
}

/** Control characters, and those that turn the direction of what follows. */
const unprintable = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** JSON in which all of these are escaped; JSON itself asks for that only below the blank. */
export function jsonText(json: JsonValue, indent?: number): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(json, null, indent).replace(unprintable, (char) => (char === "\n" ? char : escaped(char)));
}
