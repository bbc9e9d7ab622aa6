// The packages as users get them: publint and arethetypeswrong check the tarballs, which are then installed in an empty
// project that imports them, requires them and makes calls.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, describe, it } from "node:test";
import { bin, copyFixture, env, packages, run, socketsLeft, work } from "./support.js";

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

describe("the packages as their users get them", () => {
  for (const { name, folder, tarball, files, exports } of packages) {
    describe(name, () => {
      it("brings its code and its licence, and no tests", () => {
        assert.ok(files.includes("LICENSE"), "no LICENSE");
        assert.ok(files.includes("README.md"), "no README.md");
        assert.ok(
          files.some((file) => file.startsWith("dist/")),
          "nothing in dist/: has it been built?",
        );
        assert.deepEqual(
          // The project that `vyra-ipc init` creates has its own tests.
          files.filter((file) => !file.startsWith("templates/") && /(^|\/)test\/|\.test\.|\.tsbuildinfo$/.test(file)),
          [],
        );
      });

      it("has nothing marked internal in its types", () => {
        assert.deepEqual(
          files.filter(
            (file) => /\.d\.[cm]?ts$/.test(file) && /@internal/.test(readFileSync(join(folder, file), "utf8")),
          ),
          [],
        );
      });

      it("brings its source once, where its source maps refer to it", {
        skip: exports === undefined && "no source",
      }, () => {
        const maps = files.filter((file) => file.endsWith(".js.map"));
        assert.ok(maps.length > 0);
        for (const map of maps) {
          const { sources, sourcesContent }: SourceMap = JSON.parse(readFileSync(join(folder, map), "utf8"));
          assert.ok(!sourcesContent?.some((content) => content !== null), `${map} has the source in it`);
          const missing = sources.filter((source) => !files.includes(join(dirname(map), source)));
          assert.deepEqual(missing, [], `sources of ${map}`);
        }
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
      copyFixture("consumer", project);
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

    for (const [compiler, args] of [
      ["buf", ["generate"]],
      ["protoc", ["-Iproto", "-Inode_modules/@vyra/ipc/proto", "--descriptor_set_out=shop.binpb", "shop.proto"]],
    ] as const) {
      const isMissing = compiler === "protoc" && spawnSync("protoc", ["--version"]).status !== 0;
      it(`the .proto files can be imported in a user's own, with ${compiler}`, {
        skip: isMissing && "no protoc",
      }, () => {
        mkdirSync(join(project, "proto"), { recursive: true });
        writeFileSync(
          join(project, "proto/shop.proto"),
          'syntax = "proto3"; import "vyra/ipc/data.proto"; ' +
            "service Shop { rpc Buy(vyra.ipc.DataRequest) returns (vyra.ipc.DataResponse); }",
        );
        // The command is the one in docs/guide/getting-started.md.
        const modules = "modules: [{ path: proto }, { path: node_modules/@vyra/ipc/proto }]";
        writeFileSync(join(project, "buf.yaml"), `{ version: v2, ${modules} }`);
        const plugin = `{ local: ${bin("protoc-gen-es")}, out: gen, opt: [target=ts, import_extension=js] }`;
        writeFileSync(join(project, "buf.gen.yaml"), `{ version: v2, plugins: [${plugin}] }`);
        run(compiler === "buf" ? bin("buf") : compiler, args, options);
      });
    }

    for (const { name, folder } of packages.filter(({ exports }) => exports?.["."] !== undefined)) {
      it(`the example in the README of ${name} runs`, (t) => {
        const [, example] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(folder, "README.md"), "utf8")) ?? [];
        assert.ok(example !== undefined, "no example");
        writeFileSync(join(project, "readme.mjs"), example.replaceAll("/tmp/", `${project}/`));
        const said = run(process.execPath, ["readme.mjs"], options);
        assert.match(said, /hello/i);
        t.diagnostic(said);
        assert.deepEqual(socketsLeft(), []);
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
