import { fileURLToPath } from "node:url";

type Koffi = typeof import("koffi");

/** Not imported: webpack would replace `createRequire` by what it can work out beforehand, which is nothing here. */
const { createRequire } = process.getBuiltinModule("node:module");

/**
 * Loads koffi, which no bundler can take along: its code is a file of machine code. So it is looked for while the program runs:
 * from where this package is, or, if that has become a part of a bundle, from where the bundle is; then from where the program is that
 * Node.js was started with. Never from the working folder, which may be somebody else's.
 *
 * @throws {KoffiError} if it is in none of these places, or does not run on this machine.
 */
export function loadKoffi(): Koffi {
  const looked = places();
  let failure: unknown;
  for (const place of looked) {
    try {
      return createRequire(place)("koffi") as Koffi;
    } catch (error) {
      failure ??= error;
    }
  }
  throw new KoffiError(looked, failure);
}

/** Files from whose folders upwards Node.js looks for packages. */
function places(): string[] {
  const found = [import.meta.url as string | undefined, commonJsFile(), process.argv[1]];
  const paths = found
    .filter((place) => place !== undefined)
    .map((it) => (it.startsWith("file:") ? fileURLToPath(it) : it));
  return [...new Set(paths)];
}

/** Where this is, if a bundler has made CommonJS of it, which has no `import.meta.url`; some fold `typeof __filename` into a constant. */
function commonJsFile(): string | undefined {
  try {
    return __filename;
  } catch {
    return undefined; // an ES module
  }
}

/** koffi cannot be loaded; `cause` is what Node.js says of it. */
export class KoffiError extends Error {
  override readonly name = "KoffiError";
  readonly code = "VYRA_IPC_KOFFI";

  constructor(places: readonly string[], cause: unknown) {
    const what = cause instanceof Error ? cause.message.split("\n", 1)[0] : cause;
    super(
      `koffi cannot be loaded (${what}; asked from ${places.join(" and ")}): install it where the program runs; ` +
        "a bundle needs it in a node_modules beside it, see docs/guide/bundlers.md",
      { cause },
    );
  }
}
