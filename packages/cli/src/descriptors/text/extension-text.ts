import type { FieldDescriptorProto } from "@bufbuild/protobuf/wkt";
import { indented, type TextContext } from "./context.js";

/** An extension, and its lines as a field. */
export interface WrittenExtension {
  readonly extension: FieldDescriptorProto;
  readonly lines: readonly string[];
}

/** Writes extensions in `extend` blocks. Consecutive extensions of the same message share a block. */
export function extensionBlocks(context: TextContext, all: readonly WrittenExtension[], scope: string): string[] {
  const lines: string[] = [];
  for (const [index, { extension, lines: own }] of all.entries()) {
    const { extendee } = extension;
    if (all[index - 1]?.extension.extendee !== extendee) {
      lines.push(`extend ${context.nameOf(extendee, scope)} {`);
    }
    lines.push(...indented(own));
    if (all[index + 1]?.extension.extendee !== extendee) {
      lines.push("}");
    }
  }
  return lines;
}
