// Where things are. A compiled file lies in tests/dist, one folder deeper than its source: paths start from here, not
// from the file.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** The folder of a suite, as the sources have it. */
export function suiteFolder(suite: string): string {
  return join(root, "tests", suite);
}

/** A program of ours, compiled: `compiled("interop/vyra/server.js")`. */
export function compiled(path: string): string {
  return join(root, "tests/dist", path);
}

/** Where a suite keeps what it has downloaded or built, for the next run. Git does not see it. */
export function cacheFolder(suite: string): string {
  return join(root, ".cache", suite);
}
