import { accessSync, constants, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Returns the path of a command of an npm package. The project in the current folder comes first, since it chose the
 * version; then this package's own dependencies.
 */
export function packageBin(packageName: string, command: string): string | undefined {
  for (const from of [pathToFileURL(resolve("package.json")), import.meta.url]) {
    try {
      const manifest = createRequire(from).resolve(`${packageName}/package.json`);
      const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin?: Record<string, string> };
      if (bin?.[command] !== undefined) {
        return join(dirname(manifest), bin[command]);
      }
    } catch {
      // The package is not installed there.
    }
  }
  return undefined;
}

/** Returns the path of a command that the shell would find. */
export function commandOnPath(command: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder || ".", command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The folder does not have the command.
    }
  }
  return undefined;
}
