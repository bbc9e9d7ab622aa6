import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "./support/command.js";

/** The packages of this workspace and their dependencies, in place of `npm install`. */
const modules = fileURLToPath(new URL("../../../node_modules", import.meta.url));

describe("vyra-ipc init", () => {
  const folder = mkdtempSync(join(tmpdir(), "vyra-init-"));
  const module = join(folder, "my-shop");
  after(() => rmSync(folder, { recursive: true }));

  it("creates a module with the name of its folder", async () => {
    const { code, stdout, stderr } = await run(["init", "my-shop"], { cwd: folder });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(
      stdout,
      /The module my_shop is in my-shop\. Now:\n {2}cd my-shop && npm install && npm test && npm start\n$/,
    );
    const manifest = JSON.parse(readFileSync(join(module, "package.json"), "utf8"));
    assert.equal(manifest.name, "my_shop");
    assert.match(readFileSync(join(module, "proto/my_shop.proto"), "utf8"), /service MyShopService \{/);
    const text = readdirSync(module, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .join("\n");
    assert.doesNotMatch(text, /my_module|MyModule/);
  });

  it("creates a module that generates, compiles, passes its tests and runs", async () => {
    symlinkSync(modules, join(module, "node_modules"));
    const generated = await run(["gen"], { cwd: module });
    assert.equal(generated.stdout, "src/gen: 1 written\n");
    execute(join(modules, ".bin/tsc"), []);
    execute(process.execPath, ["--test", "dist/test/service.test.js"]);
    const output = execute(process.execPath, ["dist/src/start.js"]);
    // Two processes write, so the order of their lines is not fixed.
    const lines = [`serving at unix:${folder}/my_shop_ipc.sock`, "Hello, world!", "1", "2", "3"];
    assert.deepEqual(output.trimEnd().split("\n").sort(), lines.sort());
    assert.deepEqual(readdirSync(folder), ["my-shop"]);
  });

  it("installs the packages from tarballs with --packages", async () => {
    const tarballs = join(folder, "tarballs");
    mkdirSync(tarballs);
    for (const name of ["http2", "ipc", "ipc-cli"]) {
      writeFileSync(join(tarballs, `vyra-${name}-0.1.0.tgz`), "");
    }
    const { code } = await run(["init", "other", "--packages", "tarballs", "--name", "Other Thing"], { cwd: folder });
    assert.equal(code, 0);
    const manifest = JSON.parse(readFileSync(join(folder, "other/package.json"), "utf8"));
    assert.equal(manifest.name, "other_thing");
    assert.equal(manifest.dependencies["@vyra/ipc"], `file:${tarballs}/vyra-ipc-0.1.0.tgz`);
    assert.equal(manifest.dependencies["@vyra/http2"], `file:${tarballs}/vyra-http2-0.1.0.tgz`);
    assert.equal(manifest.devDependencies["@vyra/ipc-cli"], `file:${tarballs}/vyra-ipc-cli-0.1.0.tgz`);
  });

  it("refuses a folder that is not empty, and an invalid name", async () => {
    const [full, name] = await Promise.all([
      run(["init", "my-shop"], { cwd: folder }),
      run(["init", "new", "--name", "42"], { cwd: folder }),
    ]);
    assert.deepEqual([full.code, name.code], [2, 2]);
    assert.equal(full.stderr, "vyra-ipc: my-shop is not empty: name a new folder\n");
    assert.match(name.stderr, /^vyra-ipc: "42" is not a valid module name: /);
  });

  it("writes nothing if it cannot write everything", async () => {
    const outcomes = await Promise.all([
      run(["init", "bare", "--packages", "/nowhere"], { cwd: folder }),
      run(["init", "", "--name", "nameless"], { cwd: folder }),
      run(["gen", "-o", "/dev/null/gen"], { cwd: module }),
    ]);
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [2, 2, 2],
    );
    assert.match(outcomes[0].stderr, /no tarball of @vyra\/http2 in \/nowhere/);
    assert.equal(outcomes[1].stderr, "vyra-ipc: the name of the folder is empty\n");
    assert.equal(outcomes[2].stderr, "vyra-ipc: cannot mkdir /dev/null/gen (ENOTDIR)\n");
    assert.ok(!existsSync(join(folder, "bare")) && !existsSync(join(folder, "package.json")));
  });

  /** Runs a command in the module, as its npm scripts do. */
  function execute(command: string, args: readonly string[]): string {
    const env = { ...process.env, VYRA_IPC_DIR: folder, NODE_TEST_CONTEXT: undefined };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: module, env, encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  }
});
