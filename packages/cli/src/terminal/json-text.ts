import type { JsonValue } from "@bufbuild/protobuf";
import { paintFor } from "./colors.js";
import { jsonText } from "./printable.js";

/** JSON over several lines, with names and values in colours where standard output shows them. */
export function prettyJson(json: JsonValue): string {
  return colored(jsonText(json, 2));
}

/** JSON on one line. */
export function compactJson(json: JsonValue): string {
  return colored(jsonText(json));
}

/** A string with the colon of a name behind it, or any other value; what is between them stays as it is. */
const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Longer texts stay plain: nobody reads them in colours, and the longest strings are too much for the expression above. */
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
