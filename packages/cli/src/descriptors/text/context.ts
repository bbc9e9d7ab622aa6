import type { DescExtension, DescFile, Registry } from "@bufbuild/protobuf";
import { Edition } from "@bufbuild/protobuf/wkt";
import { type Comments, commentsOf } from "./comments.js";
import { shortName } from "./names.js";

/** What is needed to write a part of a file, and what the part turned out to use. */
export class TextContext {
  /** The full names of types and extensions that were written, which have to be declared or imported. */
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
   * A type's name as it can be written in this scope.
   *
   * @param typeName its full name, with a dot in front or without.
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

/** Lines, a level further in. */
export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? line : `  ${line}`));
}

/** A block in braces with what is said about it. */
export function block({ above, beside, below }: Comments, head: string, body: readonly string[]): string[] {
  if (body.length === 0 && beside === "" && below.length === 0) {
    return [...above, `${head} {}`];
  }
  return [...above, `${head} {${beside}`, ...indented([...below, ...body]), "}"];
}

/** A statement on a line with what is said about it. */
export function statement({ above, beside, below }: Comments, text: string): string[] {
  return [...above, `${text}${beside}`, ...below];
}
