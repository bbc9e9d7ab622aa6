import { accessSync, constants, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * The path of a command that an npm package brings: of the project in this folder first, whose version is the one that was
 * chosen, then of this package.
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
      // not installed there
    }
  }
  return undefined;
}

/** The path of a command that the shell would find. */
export function commandOnPath(command: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder || ".", command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not there
    }
  }
  return undefined;
}
