import { fileURLToPath } from "node:url";

type Koffi = typeof import("koffi");

// It is not imported, because webpack would try to evaluate `createRequire` at build time, which cannot work here.
const { createRequire } = process.getBuiltinModule("node:module");

/**
 * Loads koffi at run time. No bundler can include it, since it is a native addon. It is looked up from the folder of
 * this package, or of the bundle that contains this package, and then from the folder of the program that Node.js was
 * started with. It is never looked up from the working directory, which may belong to another user.
 *
 * @throws {KoffiError} if it is in none of these places, or does not run on this machine
 */
export function loadKoffi(): Koffi {
  const tried = places();
  let failure: unknown;
  for (const place of tried) {
    try {
      return createRequire(place)("koffi") as Koffi;
    } catch (error) {
      failure ??= error;
    }
  }
  throw new KoffiError(tried, failure);
}

/** Returns the files from whose folders upwards Node.js is to look for koffi. */
function places(): string[] {
  const found = [import.meta.url as string | undefined, commonJsFile(), process.argv[1]];
  const paths = found
    .filter((place) => place !== undefined)
    .map((it) => (it.startsWith("file:") ? fileURLToPath(it) : it));
  return [...new Set(paths)];
}

/**
 * Returns the file of this code if a bundler has converted it to CommonJS, which has no `import.meta.url`. It does not
 * use `typeof __filename`, since some bundlers replace that by a constant.
 */
function commonJsFile(): string | undefined {
  try {
    return __filename;
  } catch {
    return undefined; // an ES module
  }
}

/** Is thrown if koffi cannot be loaded. Its `cause` is the error of Node.js. */
export class KoffiError extends Error {
  override readonly name = "KoffiError";
  readonly code = "VYRA_IPC_KOFFI";

  constructor(places: readonly string[], cause: unknown) {
    const what = cause instanceof Error ? cause.message.split("\n", 1)[0] : cause;
    super(
      `koffi cannot be loaded (${what}; looked up from ${places.join(" and ")}): install it where the program runs; ` +
        "a bundle needs it in a node_modules folder beside it, see docs/guide/bundlers.md",
      { cause },
    );
  }
}
