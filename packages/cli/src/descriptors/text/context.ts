import type { DescExtension, DescFile, Registry } from "@bufbuild/protobuf";
import { Edition } from "@bufbuild/protobuf/wkt";
import { type Comments, commentsOf } from "./comments.js";
import { shortName } from "./names.js";

/** What the parts of a file need to be written: the scope, the syntax, and a record of the types they use. */
export class TextContext {
  /** The full names of the types and extensions used so far, which have to be declared or imported. */
  readonly used = new Set<string>();

  constructor(
    readonly file: DescFile,
    readonly registry: Registry,
    private readonly symbols: ReadonlySet<string>,
  ) {}

  get isProto2(): boolean {
    return this.file.edition === Edition.EDITION_PROTO2;
  }

  get hasEdition(): boolean {
    return this.file.edition !== Edition.EDITION_PROTO2 && this.file.edition !== Edition.EDITION_PROTO3;
  }

  /**
   * Returns a type's name as it is written in this scope.
   *
   * @param typeName the full name, with or without a leading dot.
   */
  nameOf(typeName: string, scope: string): string {
    const name = typeName.replace(/^\./, "");
    this.used.add(name);
    return shortName(name, scope, this.file.proto.package, this.symbols);
  }

  extension(extension: DescExtension): string {
    this.used.add(extension.typeName);
    return extension.typeName;
  }

  comments(path: readonly number[]): Comments {
    return commentsOf(this.file, path);
  }
}

/** Indents lines by one level. */
export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? line : `  ${line}`));
}

/** Returns a block in braces with its comments. */
export function block({ above, beside, below }: Comments, head: string, body: readonly string[]): string[] {
  if (body.length === 0 && beside === "" && below.length === 0) {
    return [...above, `${head} {}`];
  }
  return [...above, `${head} {${beside}`, ...indented([...below, ...body]), "}"];
}

/** Returns a statement on one line with its comments. */
export function statement({ above, beside, below }: Comments, text: string): string[] {
  return [...above, `${text}${beside}`, ...below];
}
