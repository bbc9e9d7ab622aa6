import type { DescFile } from "@bufbuild/protobuf";
import type { SourceCodeInfo_Location } from "@bufbuild/protobuf/wkt";

/** The comments on something, as lines of a proto file. Compilers keep them (protoc with --include_source_info); servers rarely do. */
export interface Comments {
  readonly above: readonly string[];
  /** Behind it on the same line, or behind its opening brace; "" if there is none. */
  readonly beside: string;
  /** The same, where it has several lines: under it, and an empty line that keeps it from belonging to what follows. */
  readonly below: readonly string[];
}

const none: Comments = { above: [], beside: "", below: [] };

/**
 * The comments on what is at a path in a file.
 *
 * @param path field numbers and indices from the file down, as descriptor.proto describes them at SourceCodeInfo.Location.
 */
export function commentsOf(file: DescFile, path: readonly number[]): Comments {
  const location = locationsOf(file).get(path.join("."));
  if (location === undefined) {
    return none;
  }
  const { leadingDetachedComments, leadingComments, trailingComments } = location;
  // Without an empty line before them, they would belong to what stands above.
  const detached = leadingDetachedComments.flatMap((comment) => ["", ...linesOf(comment)]);
  const trailing = linesOf(trailingComments);
  return {
    above: [...detached, ...(detached.length > 0 ? [""] : []), ...linesOf(leadingComments)],
    beside: trailing.length === 1 ? ` ${trailing[0]}` : "",
    below: trailing.length > 1 ? [...trailing, ""] : [],
  };
}

/** Of two places that are the same in the text, such as a group's field and its message, the comments of the one that has any. */
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
