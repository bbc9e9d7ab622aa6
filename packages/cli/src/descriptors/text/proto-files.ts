import type { DescFile, DescMethod, Registry } from "@bufbuild/protobuf";
import { Edition, FileOptionsSchema } from "@bufbuild/protobuf/wkt";
import { wellKnownFile, wellKnownFileOf } from "../link.js";
import { eitherOf } from "./comments.js";
import { statement, TextContext } from "./context.js";
import { type Element, elementOf, elementsOf, elementText, extendersIn } from "./elements.js";
import { extensionBlocks, type WrittenExtension } from "./extension-text.js";
import { symbolsOf } from "./names.js";
import { optionStatements } from "./options-text.js";

/** A proto file, or the part of it that was asked for. */
export interface ProtoFile {
  readonly name: string;
  readonly lines: readonly string[];
}

/** What was asked for and all that it uses, and how it is written. */
export interface Shown {
  /** In the order in which they were met. */
  readonly elements: readonly Element[];
  readonly files: readonly ProtoFile[];
}

/**
 * Writes what was asked for, with all that it uses, as the proto files that it is declared in. Together they compile to the same
 * descriptors; files that come with protobuf itself are imported.
 *
 * @param roots what was asked for: of a method's service, the methods that were asked for are written.
 */
export function protoFilesOf(registry: Registry, roots: readonly (Element | DescMethod)[]): Shown {
  const written = new Writer(registry, roots);
  const files = new Set([...written.elements.keys()].map(({ file }) => file));
  return {
    elements: [...written.elements.keys()],
    files: [...files].map((file) => written.fileText(file, elementsOf(file), importsOf(written, file))),
  };
}

/** Writes whole files: those of the roots, and all that they import and that do not come with protobuf itself. */
export function wholeProtoFilesOf(registry: Registry, roots: readonly (Element | DescMethod)[]): readonly ProtoFile[] {
  const files = new Set(roots.map((root) => elementOf(root).file));
  for (const file of files) {
    const used = new Writer(registry, elementsOf(file)).elements.keys();
    for (const other of [...file.dependencies, ...[...used].map((element) => element.file)]) {
      if (wellKnownFile(other.proto.name) === undefined) {
        files.add(other); // a Set that grows while it is walked is walked to its new end
      }
    }
  }
  return [...files].map((file) => {
    const all = elementsOf(file);
    const writer = new Writer(registry, all);
    return writer.fileText(file, all, wholeImports(file, importsOf(writer, file, true)), true);
  });
}

/** How an element was written, and what it uses. */
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
        // What comes with protobuf itself is known, and extended by whoever likes.
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
    // What is said about a whole file, a licence mostly, is not said about parts of it.
    const commented = (line: string, ...paths: number[]) =>
      isWhole ? statement(paths.map((path) => context.comments([path])).reduce(eitherOf), line) : [line];
    const syntax = commented(syntaxOf(file), 12, 14); // buf has an edition at the place of the syntax, protoc at its own
    const packageLine = file.proto.package === "" ? [] : commented(`package ${file.proto.package};`, 2);
    const head = [syntax, packageLine, imports, options].filter((lines) => lines.length > 0);
    const body = this.#blocks(context, order);
    return {
      name: file.proto.name,
      lines: [...head, ...body].flatMap((lines, i) => (i === 0 ? lines : ["", ...lines])),
    };
  }

  /** What the elements of a file, and its own options, use that is declared in other files. */
  usedFromOthers(file: DescFile): Element[] {
    const used = [...this.elements].filter(([element]) => element.file === file).flatMap(([, one]) => [...one.used]);
    return this.#declaring([...this.#usedByOptions(file), ...used]).filter((one) => one.file !== file);
  }

  /** What the options of the file itself use. */
  #usedByOptions(file: DescFile): Iterable<string> {
    const context = this.contextOf(file);
    optionStatements(context, FileOptionsSchema, file.proto.options);
    return context.used;
  }

  /** One after the other; extensions that follow each other share a block. */
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

/** @param isWhole whether all files are written: then a type comes from where the file says that it does. */
function importsOf(writer: Writer, file: DescFile, isWhole = false): string[] {
  const names = writer.usedFromOthers(file).map((one) => {
    const known = isWhole || writer.elements.has(one) ? undefined : wellKnownFileOf(one.typeName);
    return known ?? one.file.proto.name;
  });
  return [...new Set(names)].map((name) => `import "${name}";`).sort();
}

/** What the file says that it imports, and what it leaves out: grpc-js' servers do not tell what their files import. */
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
