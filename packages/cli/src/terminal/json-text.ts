import type { JsonValue } from "@bufbuild/protobuf";
import { paintFor } from "./colors.js";
import { jsonText } from "./printable.js";

/** Formats JSON over several lines, with names and values in colours if standard output shows them. */
export function prettyJson(json: JsonValue): string {
  return colored(jsonText(json, 2));
}

/** Formats JSON on one line, with the same colours. */
export function compactJson(json: JsonValue): string {
  return colored(jsonText(json));
}

/** Matches a string, together with the colon if it is a name, or any other value. */
const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Longer texts are not coloured: nobody reads them, and the longest strings are too much for the regular expression
 * above.
 */
const longestColored = 100_000;

function colored(text: string): string {
  if (text.length > longestColored) {
    return text;
  }
  const paint = paintFor(process.stdout);
  return text.replace(tokens, (token, string?: string, colon?: string) => {
    if (string === undefined) {
      return paint.yellow(token);
    }
    return colon === undefined ? paint.green(string) : paint.blue(string) + colon;
  });
}
