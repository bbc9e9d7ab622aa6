import { spawn } from "node:child_process";
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

/** What a command wrote, and how it ended. */
export interface Outcome {
  readonly isSuccess: boolean;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a command to its end. Never rejects: a command that cannot be started has failed. */
export function run(command: string, args: readonly string[], options: { cwd?: string } = {}): Promise<Outcome> {
  return new Promise((settle) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const out: Buffer[] = [];
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    child.once("error", (error) => settle({ isSuccess: false, stdout: Buffer.concat(out), stderr: error.message }));
    child.once("close", (code) => settle({ isSuccess: code === 0, stdout: Buffer.concat(out), stderr: stderr.trim() }));
  });
}
