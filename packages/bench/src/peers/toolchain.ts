import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The root of the repository. `cache` is the folder into which peers in other languages are built. */
export const root = fileURLToPath(new URL("../../../..", import.meta.url));
export const cache = join(root, ".cache/bench");
/** The sources of the peers; compiled modules are in another folder. */
export const sources = join(root, "packages/bench/src/peers");
export const protoFolder = join(root, "packages/bench/proto");

const execFileAsync = promisify(execFile);

/** Returns what a command prints; undefined if it is not installed or fails. */
export function outputOf(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  try {
    return execFileSync(file, args, { encoding: "utf8", stdio: "pipe", env: { ...process.env, ...env } }).trim();
  } catch {
    return undefined;
  }
}

export async function runTool(
  file: string,
  args: readonly string[],
  { cwd = root, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  await execFileAsync(file, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 });
}

/** What has to be the same for a build to be good for another time. */
interface Inputs {
  readonly folders: readonly string[];
  readonly words?: readonly string[];
}

const builds = new Map<string, Promise<void>>();

/** Does the work unless it has been done before with the same files and words. Peers of one program share a build. */
export function buildOnce(name: string, inputs: Inputs, work: () => Promise<void>): Promise<void> {
  const build = builds.get(name) ?? buildUnlessDone(name, inputs, work);
  builds.set(name, build);
  return build;
}

async function buildUnlessDone(name: string, inputs: Inputs, work: () => Promise<void>): Promise<void> {
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
