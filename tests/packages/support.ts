// The public packages, packed, and a folder to install them in.
import assert from "node:assert/strict";
import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, suiteFolder } from "../support/folders.js";

/** The parts of users' projects in this suite. */
const fixtures = suiteFolder("packages");

/** The folder for everything that the tests write, including the servers' sockets. It is removed at the end. */
export const work = mkdtempSync(join(tmpdir(), "vyra-packages-"));
process.once("exit", () => rmSync(work, { recursive: true }));
export const env = { ...process.env, VYRA_IPC_DIR: work };

/** A public package's package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface PackedPackage extends Manifest {
  readonly folder: string;
  /** The path of its tarball. */
  readonly tarball: string;
  /** The files in the tarball. */
  readonly files: readonly string[];
}

/** The public packages, packed. */
export const packages: readonly PackedPackage[] = packPublicPackages();

/** Returns the names of sockets that servers have left behind. */
export function socketsLeft(): string[] {
  return readdirSync(work).filter((name) => name.endsWith(".sock"));
}

let builds: string | undefined;

/** Returns a project that has the packages and all dependencies in `tools/package.json`. The first use installs it. */
export function buildsProject(): string {
  if (builds === undefined) {
    builds = join(work, "builds");
    copyFixture("builds", builds);
    copyFixture("tools/package.json", join(builds, "package.json"));
    const tarballs = packages.filter(({ exports }) => exports?.["."] !== undefined).map(({ tarball }) => tarball);
    run("npm", ["install", "--no-audit", "--prefer-offline", ...tarballs], { cwd: builds });
  }
  return builds;
}

/** Copies a file or folder of this suite. */
export function copyFixture(name: string, target: string): void {
  cpSync(join(fixtures, name), target, { recursive: true });
}

export function bin(name: string): string {
  return join(root, "node_modules/.bin", name);
}

/** Runs a command to its end. @returns its standard output. @throws an error with all its output if it fails */
export function run(command: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, { env, ...options, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${error ?? ""}${stdout}${stderr}`);
  return stdout.trim();
}

function packPublicPackages(): PackedPackage[] {
  const folders = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
  return folders.flatMap((folder) => {
    const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return manifest.private === true ? [] : [{ ...manifest, folder, ...pack(folder) }];
  });
}

function pack(folder: string): Pick<PackedPackage, "tarball" | "files"> {
  const output = run("npm", ["pack", "--json", "--pack-destination", work], { cwd: folder });
  const [{ filename, files }]: [{ filename: string; files: { path: string }[] }] = JSON.parse(output);
  return { tarball: join(work, filename), files: files.map(({ path }) => path) };
}
