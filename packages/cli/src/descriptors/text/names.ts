import type { Registry } from "@bufbuild/protobuf";

/** Returns the full names that a type's name may begin with: packages, messages, enums, services. */
export function symbolsOf(registry: Registry): ReadonlySet<string> {
  const symbols = new Set<string>();
  for (const type of registry) {
    if (type.kind !== "extension") {
      symbols.add(type.typeName);
    }
    const { package: name } = type.file.proto;
    for (let end = name.length; end > 0; end = name.lastIndexOf(".", end - 1)) {
      symbols.add(name.slice(0, end));
    }
  }
  return symbols;
}

/**
 * Keywords that begin a statement, and names of scalar types. A type's name in this position would be read as one of
 * them.
 */
const reserved = new Set(
  (
    "double float int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string bytes " +
    "group map stream message enum oneof option optional required repeated reserved extensions extend returns rpc " +
    "service import package syntax edition export local to max"
  ).split(" "),
);

/**
 * Returns the shortest name by which a scope can refer to a type: without the package or the messages that contain
 * both, if the name still resolves to this type.
 *
 * A compiler resolves the first part of a name from the innermost scope outwards, and takes the first match
 * (https://protobuf.dev/programming-guides/proto3/#name-resolution).
 */
export function shortName(typeName: string, scope: string, packageName: string, symbols: ReadonlySet<string>): string {
  for (let outer = scope; outer !== ""; outer = parentOf(outer)) {
    if (typeName.startsWith(`${outer}.`)) {
      const name = typeName.slice(outer.length + 1);
      if (isFound(name, typeName, scope, symbols)) {
        return name;
      }
    }
    if (outer === packageName) {
      break; // names of other packages are written in full
    }
  }
  return isFound(typeName, typeName, scope, symbols) ? typeName : `.${typeName}`;
}

function isFound(name: string, typeName: string, scope: string, symbols: ReadonlySet<string>): boolean {
  const [first = ""] = name.split(".", 1);
  if (reserved.has(first)) {
    return false;
  }
  for (let outer = scope; outer !== ""; outer = parentOf(outer)) {
    if (symbols.has(`${outer}.${first}`)) {
      return `${outer}.${name}` === typeName;
    }
  }
  return name === typeName;
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}
