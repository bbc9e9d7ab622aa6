import { paintFor } from "./colors.js";

const keywords = [
  ...["syntax", "edition", "package", "import", "public", "weak"],
  ...["service", "rpc", "returns", "stream"],
  ...["message", "enum", "oneof", "extend", "extensions", "reserved", "group"],
  ...["map", "repeated", "optional", "required", "option"],
];

/** Matches a comment, or a keyword that is not the name of a field or an option: `syntax = "proto3"` is a keyword. */
const tokens = new RegExp(`(//.*)|\\b(${keywords.join("|")})\\b(?![.\\w]* =(?! "(?:proto|\\d)))`, "g");

/** Colours the keywords and comments of a proto file, if standard output shows colours. */
export function coloredProto(text: string): string {
  const paint = paintFor(process.stdout);
  return text.replace(tokens, (token, comment?: string) =>
    comment === undefined ? paint.magenta(token) : paint.dim(token),
  );
}
