import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** The proto files of a server, indexed by everything that reflection can ask for. */
export class Files {
  readonly serviceNames: readonly string[];
  readonly #byName = new Map<string, DescFile>();
  readonly #bySymbol = new Map<string, DescFile>();
  /** The files of extensions, by the extended message and the field number. */
  readonly #extensions = new Map<string, Map<number, DescFile>>();
  readonly #bytes = new Map<DescFile, Uint8Array>();

  /** @param more files besides those of the services */
  constructor(services: readonly DescService[], more: readonly DescFile[]) {
    this.serviceNames = [...new Set(services.map(({ typeName }) => typeName))].sort();
    const files = [...services.map(({ file }) => file), ...more];
    for (const file of withImports(files, new Set())) {
      // Of two files with the same name or symbol the first one counts: proto allows no duplicates.
      setFirst(this.#byName, file.proto.name, file);
      for (const symbol of symbolsOf(file)) {
        setFirst(this.#bySymbol, symbol, file);
      }
      for (const type of nestedTypes(file)) {
        if (type.kind === "extension") {
          const { typeName } = type.extendee;
          const byNumber = this.#extensions.get(typeName) ?? new Map<number, DescFile>();
          setFirst(byNumber, type.number, file);
          this.#extensions.set(typeName, byNumber);
        }
      }
    }
  }

  named(name: string): DescFile | undefined {
    return this.#byName.get(name);
  }

  /** Returns the file that declares a symbol, by the symbol's full name. */
  declaring(symbol: string): DescFile | undefined {
    return this.#bySymbol.get(symbol);
  }

  extending(message: string, number: number): DescFile | undefined {
    return this.#extensions.get(message)?.get(number);
  }

  /** Returns the numbers of all extensions of a message; undefined if there is no such message. */
  extensionNumbers(message: string): number[] | undefined {
    const numbers = this.#extensions.get(message);
    if (numbers === undefined) {
      return this.#bySymbol.has(message) ? [] : undefined;
    }
    return [...numbers.keys()].sort((a, b) => a - b);
  }

  /** Returns the file and those of its imports that are not in `sent`, and adds them to `sent`. */
  withImports(file: DescFile, sent: Set<DescFile>): DescFile[] {
    sent.delete(file);
    return [...withImports([file], sent)];
  }

  /** Returns the file as a serialized `google.protobuf.FileDescriptorProto`. */
  bytesOf(file: DescFile): Uint8Array {
    let bytes = this.#bytes.get(file);
    if (bytes === undefined) {
      bytes = toBinary(FileDescriptorProtoSchema, file.proto);
      this.#bytes.set(file, bytes);
    }
    return bytes;
  }
}

/** Yields these files and everything they import, each once and before its own imports. */
function* withImports(files: Iterable<DescFile>, seen: Set<DescFile>): Iterable<DescFile> {
  for (const file of files) {
    if (!seen.has(file)) {
      seen.add(file);
      yield file;
      yield* withImports(file.dependencies, seen);
    }
  }
}

/** Yields the full names of all symbols that a file declares. */
function* symbolsOf(file: DescFile): Iterable<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    switch (type.kind) {
      case "service":
        yield* type.methods.map(({ name }) => `${type.typeName}.${name}`);
        break;
      case "message":
        yield* type.fields.map(({ name }) => `${type.typeName}.${name}`);
        yield* type.oneofs.map(({ name }) => `${type.typeName}.${name}`);
        break;
      case "enum": {
        // An enum's values belong to the scope in which the enum is declared.
        const scope = type.typeName.slice(0, type.typeName.lastIndexOf(".") + 1);
        yield* type.values.map(({ name }) => scope + name);
      }
    }
  }
}

function setFirst<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) {
    map.set(key, value);
  }
}
