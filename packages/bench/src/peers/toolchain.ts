import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The repository's root, and the place for what peers in other languages are built into. */
export const root = fileURLToPath(new URL("../../../..", import.meta.url));
export const cache = join(root, ".cache/bench");
/** Where peers' sources are; compiled modules are elsewhere. */
export const sources = join(root, "packages/bench/src/peers");
export const protoFolder = join(root, "packages/bench/proto");

const execFileAsync = promisify(execFile);

/** What a command prints, or undefined where it is not installed. */
export function ask(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  try {
    return execFileSync(file, args, { encoding: "utf8", stdio: "pipe", env: { ...process.env, ...env } }).trim();
  } catch {
    return undefined;
  }
}

export async function run(
  file: string,
  args: readonly string[],
  { cwd = root, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  await execFileAsync(file, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 });
}

/** Does something unless it was done before from the same files and words. */
export async function once(
  name: string,
  inputs: { readonly folders: readonly string[]; readonly words?: readonly string[] },
  work: () => Promise<void>,
): Promise<void> {
  const hash = createHash("sha256");
  for (const file of inputs.folders.flatMap(filesUnder)) {
    hash.update(file).update(readFileSync(file));
  }
  const wanted = hash.update(JSON.stringify(inputs.words ?? [])).digest("hex");
  const stamp = join(cache, `${name}.stamp`);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) {
    return;
  }
  rmSync(stamp, { force: true });
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !/(^|\/)(gen|target)(\/|$)/.test(name))
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
    .sort();
}
