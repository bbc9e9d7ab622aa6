// Where things are. A compiled file is in tests/dist, one folder deeper than its source. So paths start from the
// constants here, and not from the file that needs them.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** Returns the folder of a suite's sources. */
export function suiteFolder(suite: string): string {
  return join(root, "tests", suite);
}

/** Returns the path of one of our compiled programs: `compiled("interop/vyra/server.js")`. */
export function compiled(path: string): string {
  return join(root, "tests/dist", path);
}

/** Returns the folder in which a suite keeps its downloads and builds for the next run. Git ignores it. */
export function cacheFolder(suite: string): string {
  return join(root, ".cache", suite);
}
