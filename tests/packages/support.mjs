// The public packages, packed, and a folder to install them in.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Everything that the tests write goes here, and is removed in the end; the servers' sockets, too. */
export const work = mkdtempSync(join(tmpdir(), "vyra-packages-"));
process.once("exit", () => rmSync(work, { recursive: true }));
export const env = { ...process.env, VYRA_IPC_DIR: work };

/** The manifests of the public packages, each with the path of its tarball and what is in it. */
export const packages = publicPackages().map(pack);

/** The names of sockets that servers have left. */
export function socketsLeft() {
  return readdirSync(work).filter((name) => name.endsWith(".sock"));
}

let builds;

/** A project that has the packages and all that `tools/package.json` names. It is installed for the first who asks. */
export function buildsProject() {
  if (builds === undefined) {
    builds = join(work, "builds");
    cpSync(new URL("builds", import.meta.url), builds, { recursive: true });
    cpSync(new URL("tools/package.json", import.meta.url), join(builds, "package.json"));
    const tarballs = packages.filter(({ exports }) => exports?.["."] !== undefined).map(({ tarball }) => tarball);
    run("npm", ["install", "--no-audit", "--prefer-offline", ...tarballs], { cwd: builds });
  }
  return builds;
}

export function bin(name) {
  return join(root, "node_modules/.bin", name);
}

/** Runs a command to its end, and returns what it wrote to its standard output. Fails, with all it wrote, if it failed. */
export function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env, ...options });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${error ?? ""}${stdout}${stderr}`);
  return stdout.trim();
}

/** The manifests of the packages that are published, each with its folder. */
function publicPackages() {
  return readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name))
    .map((folder) => ({ ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8")), folder }))
    .filter((manifest) => manifest.private !== true);
}

/** Packs a package; its tarball and what is in it are added to its manifest. */
function pack(manifest) {
  const output = run("npm", ["pack", "--json", "--pack-destination", work], { cwd: manifest.folder });
  const [{ filename, files }] = JSON.parse(output);
  return { ...manifest, tarball: join(work, filename), files: files.map(({ path }) => path) };
}
