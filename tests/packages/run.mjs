// Looks at the public packages as their users get them: packs each, has publint and arethetypeswrong look at the tarballs,
// and installs those in an empty project, which imports them, requires them, compiles against them and makes calls.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "vyra-packages-"));
process.once("exit", () => rmSync(work, { recursive: true }));
const packages = publicPackages().map(pack);

describe("the packages as their users get them", () => {
  for (const { name, tarball, files, exports } of packages) {
    describe(name, () => {
      it("brings its code and its licence, and no tests", () => {
        assert.ok(files.includes("LICENSE"), "no LICENSE");
        assert.ok(
          files.some((file) => file.startsWith("dist/")),
          "nothing in dist/: has it been built?",
        );
        assert.deepEqual(
          // What `vyra-ipc init` lays out has tests of its own.
          files.filter((file) => !file.startsWith("templates/") && /(^|\/)test\/|\.test\.|\.tsbuildinfo$/.test(file)),
          [],
        );
      });

      it("passes publint", () => {
        run(bin("publint"), ["run", tarball, "--strict"]);
      });

      it("passes arethetypeswrong", { skip: exports === undefined && "nothing to import" }, () => {
        run(bin("attw"), [tarball, "--profile", "esm-only", "--no-definitely-typed", "--format", "ascii"]);
      });
    });
  }

  describe("in a project that has installed them", () => {
    const project = join(work, "consumer");
    const options = { cwd: project, env: { ...process.env, VYRA_IPC_DIR: work } };
    const entryPoints = packages.flatMap(({ name, exports = {} }) =>
      Object.keys(exports)
        .filter((path) => !path.endsWith(".json"))
        .map((path) => join(name, path)),
    );

    before(() => {
      cpSync(new URL("consumer", import.meta.url), project, { recursive: true });
      const peers = packages.flatMap(({ peerDependencies = {} }) => Object.entries(peerDependencies));
      const named = new Set(peers.map(([name, range]) => `${name}@${range}`));
      run("npm", ["install", "--no-audit", ...packages.map(({ tarball }) => tarball), ...named], options);
    });

    for (const entryPoint of entryPoints) {
      it(`${entryPoint} can be imported`, () => {
        run(
          process.execPath,
          ["--input-type=module", "--eval", `await import(${JSON.stringify(entryPoint)})`],
          options,
        );
      });

      it(`${entryPoint} can be required`, () => {
        run(process.execPath, ["--input-type=commonjs", "--eval", `require(${JSON.stringify(entryPoint)})`], options);
      });
    }

    for (const script of ["call.mjs", "call.cjs"]) {
      it(`${script} serves and calls over a Unix socket`, (t) => {
        t.diagnostic(run(process.execPath, [script], options));
        assert.deepEqual(
          readdirSync(work).filter((name) => name.endsWith(".sock")),
          [],
        );
      });
    }

    it("TypeScript accepts what is right, and nothing else", () => {
      run(bin("tsc"), ["--project", project, "--typeRoots", join(root, "node_modules/@types")], options);
    });
  });
});

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

function bin(name) {
  return join(root, "node_modules/.bin", name);
}

/** Runs a command to its end, and returns what it wrote to its standard output. Fails, with all it wrote, if it failed. */
function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", ...options });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${error ?? ""}${stdout}${stderr}`);
  return stdout.trim();
}
