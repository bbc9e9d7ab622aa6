import type { DescFile } from "@bufbuild/protobuf";
import type { SourceCodeInfo_Location } from "@bufbuild/protobuf/wkt";

/**
 * The comments on a declaration, as lines of a proto file. Compilers keep comments (protoc with --include_source_info);
 * servers rarely do.
 */
export interface Comments {
  readonly above: readonly string[];
  /** The comment behind the declaration on the same line, or behind its opening brace; "" if there is none. */
  readonly beside: string;
  /**
   * The same comment if it has several lines: it goes below the declaration, followed by an empty line that separates
   * it from the next one.
   */
  readonly below: readonly string[];
}

const none: Comments = { above: [], beside: "", below: [] };

/**
 * Returns the comments on the declaration at a path in a file.
 *
 * @param path field numbers and indices from the file down, as SourceCodeInfo.Location in descriptor.proto defines
 * them.
 */
export function commentsOf(file: DescFile, path: readonly number[]): Comments {
  const location = locationsOf(file).get(path.join("."));
  if (location === undefined) {
    return none;
  }
  const { leadingDetachedComments, leadingComments, trailingComments } = location;
  // Without an empty line before it, a detached comment would belong to the previous declaration.
  const detached = leadingDetachedComments.flatMap((comment) => ["", ...linesOf(comment)]);
  const trailing = linesOf(trailingComments);
  return {
    above: [...detached, ...(detached.length > 0 ? [""] : []), ...linesOf(leadingComments)],
    beside: trailing.length === 1 ? ` ${trailing[0]}` : "",
    below: trailing.length > 1 ? [...trailing, ""] : [],
  };
}

/** A group's field and its message are one declaration in the text. Returns the comments of whichever has any. */
export function eitherOf(one: Comments, other: Comments): Comments {
  return one.above.length > 0 || one.beside !== "" || one.below.length > 0 ? one : other;
}

function linesOf(comment: string): string[] {
  return comment === "" ? [] : comment.replace(/\n$/, "").split("\n").map(asComment);
}

function asComment(line: string): string {
  return line.trim() === "" ? "//" : `//${line.startsWith(" ") ? "" : " "}${line.trimEnd()}`;
}

const known = new WeakMap<DescFile, Map<string, SourceCodeInfo_Location>>();

function locationsOf(file: DescFile): Map<string, SourceCodeInfo_Location> {
  let locations = known.get(file);
  if (locations === undefined) {
    const all = file.proto.sourceCodeInfo?.location ?? [];
    locations = new Map(all.map((one) => [one.path.join("."), one]));
    known.set(file, locations);
  }
  return locations;
}
