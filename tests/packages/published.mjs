// The packages as their users get them: publint and arethetypeswrong look at the tarballs, which are then installed in an empty project,
// which imports them, requires them and makes calls.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { bin, env, packages, run, socketsLeft, work } from "./support.mjs";

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
        run(bin("attw"), [tarball, "--no-definitely-typed", "--format", "ascii"]);
      });
    });
  }

  describe("in a project that has installed them", () => {
    const project = join(work, "consumer");
    const options = { cwd: project, env };
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

    for (const script of ["call.mjs", "call.cjs", "both.mjs"]) {
      it(`${script} serves and calls over a Unix socket`, (t) => {
        t.diagnostic(run(process.execPath, [script], options));
        assert.deepEqual(socketsLeft(), []);
      });
    }
  });
});
