import type { DescFile, DescMethod, Registry } from "@bufbuild/protobuf";
import { Edition, FileOptionsSchema } from "@bufbuild/protobuf/wkt";
import { wellKnownFile, wellKnownFileOf } from "../link.js";
import { eitherOf } from "./comments.js";
import { statement, TextContext } from "./context.js";
import { type Element, elementOf, elementsOf, elementText, extendersIn } from "./elements.js";
import { extensionBlocks, type WrittenExtension } from "./extension-text.js";
import { symbolsOf } from "./names.js";
import { optionStatements } from "./options-text.js";

/** A proto file, or the requested part of one. */
export interface ProtoFile {
  readonly name: string;
  readonly lines: readonly string[];
}

/** The requested declarations and all that they use, and the files with their text. */
export interface Shown {
  /** The declarations, in the order in which they were found. */
  readonly elements: readonly Element[];
  readonly files: readonly ProtoFile[];
}

/**
 * Writes the requested declarations, and all that they use, as the proto files that declare them. Together the files
 * compile to the same descriptors. Files that protobuf itself defines are imported.
 *
 * @param roots the requested declarations. Of a method, its service is written with the requested methods only.
 */
export function protoFilesOf(registry: Registry, roots: readonly (Element | DescMethod)[]): Shown {
  const written = new Writer(registry, roots);
  const files = new Set([...written.elements.keys()].map(({ file }) => file));
  return {
    elements: [...written.elements.keys()],
    files: [...files].map((file) => written.fileText(file, elementsOf(file), importsOf(written, file))),
  };
}

/** Writes whole files: those of the roots, and all their imports that protobuf itself does not define. */
export function wholeProtoFilesOf(registry: Registry, roots: readonly (Element | DescMethod)[]): readonly ProtoFile[] {
  const files = new Set(roots.map((root) => elementOf(root).file));
  for (const file of files) {
    const used = new Writer(registry, elementsOf(file)).elements.keys();
    for (const other of [...file.dependencies, ...[...used].map((element) => element.file)]) {
      if (wellKnownFile(other.proto.name) === undefined) {
        files.add(other); // a Set may grow while it is iterated; new files are visited, too
      }
    }
  }
  return [...files].map((file) => {
    const all = elementsOf(file);
    const writer = new Writer(registry, all);
    return writer.fileText(file, all, wholeImports(file, importsOf(writer, file, true)), true);
  });
}

/** The text of a declaration, and the types it uses. */
interface Written {
  readonly lines: readonly string[];
  readonly used: ReadonlySet<string>;
}

class Writer {
  readonly elements = new Map<Element, Written>();
  readonly #symbols: ReadonlySet<string>;
  readonly #methods = new Set<DescMethod>();

  constructor(
    readonly registry: Registry,
    roots: readonly (Element | DescMethod)[],
  ) {
    this.#symbols = symbolsOf(registry);
    const extenders = extendersIn(registry);
    const wanted = new Set<Element>();
    for (const root of roots) {
      wanted.add(elementOf(root));
      for (const method of root.kind === "service" ? root.methods : root.kind === "rpc" ? [root] : []) {
        this.#methods.add(method);
      }
    }
    const files = new Set([...wanted].map(({ file }) => file));
    const filesMet = new Set<DescFile>();
    for (const element of wanted) {
      const context = this.contextOf(element.file);
      const lines = elementText(context, element, this.#methods);
      if (element.kind === "extension") {
        context.used.add(element.extendee.typeName);
      }
      this.elements.set(element, { lines, used: context.used });
      const ofFile = filesMet.has(element.file) ? [] : this.#usedByOptions(element.file);
      filesMet.add(element.file);
      const others = [...this.#declaring([...context.used, ...ofFile]), ...(extenders.get(element) ?? [])];
      for (const other of others) {
        // Anyone may extend a type of protobuf itself, so those extensions are shown only if their file is.
        if (files.has(other.file) || !isWellKnown(other)) {
          wanted.add(other);
        }
      }
    }
  }

  contextOf(file: DescFile): TextContext {
    return new TextContext(file, this.registry, this.#symbols);
  }

  fileText(file: DescFile, order: readonly Element[], imports: readonly string[], isWhole = false): ProtoFile {
    const context = this.contextOf(file);
    const options = optionStatements(context, FileOptionsSchema, file.proto.options);
    // A comment on a whole file, usually a licence, is not written above a part of it.
    const commented = (line: string, ...paths: number[]) =>
      isWhole ? statement(paths.map((path) => context.comments([path])).reduce(eitherOf), line) : [line];
    // buf keeps the comment on an edition at the path of the syntax (12), protoc at the path of the edition (14).
    const syntax = commented(syntaxOf(file), 12, 14);
    const packageLine = file.proto.package === "" ? [] : commented(`package ${file.proto.package};`, 2);
    const head = [syntax, packageLine, imports, options].filter((lines) => lines.length > 0);
    const body = this.#blocks(context, order);
    return {
      name: file.proto.name,
      lines: [...head, ...body].flatMap((lines, i) => (i === 0 ? lines : ["", ...lines])),
    };
  }

  /** Returns the declarations of other files that the elements and options of this file use. */
  usedFromOthers(file: DescFile): Element[] {
    const used = [...this.elements].filter(([element]) => element.file === file).flatMap(([, one]) => [...one.used]);
    return this.#declaring([...this.#usedByOptions(file), ...used]).filter((one) => one.file !== file);
  }

  /** Yields the types that the options of the file itself use. */
  #usedByOptions(file: DescFile): Iterable<string> {
    const context = this.contextOf(file);
    optionStatements(context, FileOptionsSchema, file.proto.options);
    return context.used;
  }

  /** Writes the declarations in order; consecutive extensions share a block. */
  #blocks(context: TextContext, order: readonly Element[]): (readonly string[])[] {
    const blocks: (readonly string[])[] = [];
    let extensions: WrittenExtension[] = [];
    const endExtensions = () => {
      if (extensions.length > 0) {
        blocks.push(extensionBlocks(context, extensions, context.file.proto.package));
        extensions = [];
      }
    };
    for (const element of order) {
      const lines = this.elements.get(element)?.lines;
      if (lines !== undefined && element.kind === "extension") {
        extensions.push({ extension: element.proto, lines });
      } else if (lines !== undefined) {
        endExtensions();
        blocks.push(lines);
      }
    }
    endExtensions();
    return blocks;
  }

  #declaring(names: Iterable<string>): Element[] {
    return [...names]
      .map((name) => this.registry.get(name))
      .filter((type) => type !== undefined)
      .map(elementOf);
  }
}

function syntaxOf({ edition }: DescFile): string {
  switch (edition) {
    case Edition.EDITION_PROTO2:
      return 'syntax = "proto2";';
    case Edition.EDITION_PROTO3:
      return 'syntax = "proto3";';
    default:
      return `edition = "${Edition[edition].replace("EDITION_", "")}";`;
  }
}

function isWellKnown({ typeName, file }: Element): boolean {
  return wellKnownFile(file.proto.name) !== undefined || wellKnownFileOf(typeName) !== undefined;
}

/** @param isWhole whether whole files are written. If so, the imports that the file lists are kept. */
function importsOf(writer: Writer, file: DescFile, isWhole = false): string[] {
  const names = writer.usedFromOthers(file).map((one) => {
    const known = isWhole || writer.elements.has(one) ? undefined : wellKnownFileOf(one.typeName);
    return known ?? one.file.proto.name;
  });
  return [...new Set(names)].map((name) => `import "${name}";`).sort();
}

/**
 * Returns the imports that the file lists, and those it lacks: servers with grpc-js do not list the imports of files.
 */
function wholeImports({ proto, dependencies }: DescFile, used: readonly string[]): string[] {
  const { dependency, publicDependency, weakDependency, optionDependency } = proto;
  const said = dependency.map((name, index) => {
    const kind = publicDependency.includes(index) ? "public " : weakDependency.includes(index) ? "weak " : "";
    return `import ${kind}"${name}";`;
  });
  const seen = new Set(dependencies);
  for (const file of seen) {
    for (const index of file.proto.publicDependency) {
      const name = file.proto.dependency[index];
      const visible = file.dependencies.find((one) => one.proto.name === name);
      if (visible !== undefined) {
        seen.add(visible);
      }
    }
  }
  const visible = new Set([...seen].map((file) => `import "${file.proto.name}";`));
  const options = optionDependency.map((name) => `import option "${name}";`);
  const isOption = new Set(optionDependency.map((name) => `import "${name}";`));
  return [...said, ...options, ...used.filter((line) => !visible.has(line) && !isOption.has(line))];
}
