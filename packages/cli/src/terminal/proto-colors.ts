import { paintFor } from "./colors.js";

const tokens =
  /(\/\/.*)|\b(syntax|edition|package|import|public|weak|service|rpc|returns|stream|message|enum|oneof|extend|extensions|reserved|group|map|repeated|optional|required|option)\b(?![.\w]* =(?! "(?:proto|\d)))/g;

/** Colours the keywords and comments of a proto file, if standard output shows colours. */
export function coloredProto(text: string): string {
  const paint = paintFor(process.stdout);
  return text.replace(tokens, (token, comment?: string) =>
    comment === undefined ? paint.magenta(token) : paint.dim(token),
  );
}
