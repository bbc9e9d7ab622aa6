import { paintFor } from "./colors.js";

const tokens =
  /(\/\/.*)|\b(package|service|rpc|returns|stream|message|enum|oneof|map|repeated|optional|required|option)\b(?![.\w]* =)/g;

/** Proto with its keywords and comments in colours, where standard output shows them. */
export function coloredProto(text: string): string {
  const paint = paintFor(process.stdout);
  return text.replace(tokens, (token, comment?: string) =>
    comment === undefined ? paint.magenta(token) : paint.dim(token),
  );
}
