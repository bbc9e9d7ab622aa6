// Compiles programs against the packages' types: with today's compiler and TypeScript 5.4, as ES modules and as
// CommonJS, with each kind of module resolution.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { bin, buildsProject, copyFixture, env } from "./support.js";

/** A kind of module resolution, and the files that are compiled with it. `plain` has the same text as `everything`. */
interface Way {
  readonly module: string;
  readonly moduleResolution: string;
  readonly files: readonly string[];
}

const ways: readonly Way[] = [
  {
    module: "nodenext",
    moduleResolution: "nodenext",
    files: ["types.mts", "types.cts", "everything.mts", "everything.cts"],
  },
  { module: "node16", moduleResolution: "node16", files: ["types.mts", "everything.mts", "everything.cts"] },
  { module: "esnext", moduleResolution: "bundler", files: ["plain.ts"] },
  { module: "commonjs", moduleResolution: "node10", files: ["plain.ts"] },
];

describe("the packages' types", () => {
  let project: string;

  before(() => {
    project = buildsProject();
    copyFixture("consumer", join(project, "types"));
    for (const name of ["everything.cts", "plain.ts"]) {
      copyFixture("consumer/everything.mts", join(project, "types", name));
    }
    // Under node10 and bundler, the package determines the kind of a file's module.
    writeFileSync(join(project, "types/package.json"), '{ "private": true }');
  });

  for (const { module, moduleResolution, files } of ways) {
    // An option that today's compiler no longer has is skipped, since its users cannot choose it.
    it(`are right for TypeScript of today, ${moduleResolution}`, {
      skip: moduleResolution === "node10" && "gone",
    }, () => {
      assert.deepEqual(complaints(bin("tsc"), { module, moduleResolution, files }), []);
    });

    it(`are right for TypeScript 5.4, ${moduleResolution}`, () => {
      const tsc = join(project, "node_modules/.bin/tsc");
      const found = complaints(tsc, { module, moduleResolution, files });
      // The types of Connect and protobuf-es use features that TypeScript 5.4 does not know.
      assert.deepEqual(
        found.filter((line) => !/^\.\.\/node_modules\/@(bufbuild|connectrpc)\//.test(line)),
        [],
      );
    });
  }

  function complaints(tsc: string, { module, moduleResolution, files }: Way): string[] {
    const options = { target: "es2022", strict: true, types: "node", module, moduleResolution, skipLibCheck: false };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const args = ["--noEmit", ...flags, ...files];
    const { status, stdout, stderr } = spawnSync(tsc, args, { cwd: join(project, "types"), encoding: "utf8", env });
    const lines = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
    assert.equal(status !== 0, lines.length > 0, lines.join("\n"));
    return lines;
  }
});
