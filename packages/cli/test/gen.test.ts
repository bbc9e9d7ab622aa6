import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "./support/command.js";
import { protoFolder } from "./support/shop.js";

/** The folder in which buf and protoc-gen-es are installed, for projects without an installation. */
const modules = fileURLToPath(new URL("../../../node_modules", import.meta.url));

describe("vyra-ipc gen", () => {
  const project = mkdtempSync(join(tmpdir(), "vyra-gen-"));
  const gen = (...args: string[]) => run(["gen", ...args], { cwd: project });

  before(() => {
    cpSync(protoFolder, join(project, "proto"), { recursive: true });
    symlinkSync(modules, join(project, "node_modules"));
  });

  after(() => rmSync(project, { recursive: true }));

  it("generates JavaScript with declarations in a project without TypeScript", async () => {
    const { code, stdout, stderr } = await gen("--json", "-o", "gen");
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const written = ["item_pb.d.ts", "item_pb.js", "shop_pb.d.ts", "shop_pb.js"].map((name) => `cli/test/${name}`);
    assert.deepEqual(JSON.parse(stdout), { out: "gen", written, unchanged: [], removed: [] });
    rmSync(join(project, "gen"), { recursive: true });
  });

  it("generates TypeScript from proto/ into src/gen, and changes nothing the second time", async () => {
    writeFileSync(join(project, "tsconfig.json"), "{}");
    const first = await gen();
    assert.equal(first.stdout, "src/gen: 2 written\n");
    const file = join(project, "src/gen/cli/test/shop_pb.ts");
    assert.match(readFileSync(file, "utf8"), /export const ShopService: GenService<\{/);
    const { mtimeMs } = statSync(file);
    const second = await gen();
    assert.equal(second.stdout, "src/gen: 0 written, 2 unchanged\n");
    assert.equal(statSync(file).mtimeMs, mtimeMs);
  });

  it("removes the code of a proto file that no longer exists, and nothing else", async () => {
    const own = join(project, "src/gen/cli/test/own_pb.ts");
    writeFileSync(own, "export {};\n");
    writeFileSync(join(project, "proto/other.proto"), 'syntax = "proto3";\npackage other;\nmessage A {}\n');
    await gen();
    assert.ok(existsSync(join(project, "src/gen/other_pb.ts")));
    rmSync(join(project, "proto/other.proto"));
    const { stdout } = await gen();
    assert.equal(stdout, "src/gen: 0 written, 2 unchanged, 1 removed\n");
    assert.ok(!existsSync(join(project, "src/gen/other_pb.ts")));
    assert.ok(existsSync(own));
  });

  it("reports errors in a proto file, and leaves everything as it was", async () => {
    writeFileSync(join(project, "proto/bad.proto"), 'syntax = "proto3";\npackage bad;\nmessage A { string a = 1 }\n');
    const { code, stderr } = await gen();
    rmSync(join(project, "proto/bad.proto"));
    assert.equal(code, 2);
    assert.match(stderr, /^vyra-ipc: proto\/bad\.proto:3:\d+:[^\n]+\n$/);
    assert.ok(existsSync(join(project, "src/gen/cli/test/shop_pb.ts")));
  });

  it("follows a buf.gen.yaml if there is one", async () => {
    const config = join(project, "buf.gen.yaml");
    writeFileSync(
      config,
      "version: v2\ninputs: [{ directory: proto }]\nplugins: [{ local: protoc-gen-es, out: own }]\n",
    );
    const PATH = `${join(modules, ".bin")}:${process.env.PATH}`;
    const followed = await run(["gen"], { cwd: project, env: { PATH } });
    const refused = await gen("-o", "elsewhere");
    rmSync(config);
    assert.deepEqual(followed, { code: 0, stdout: "generated as buf.gen.yaml says\n", stderr: "" });
    assert.ok(existsSync(join(project, "own/cli/test/shop_pb.js")));
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /buf\.gen\.yaml determines what is generated/);
  });

  it("names the folder that is missing", async () => {
    const { code, stderr } = await gen("nowhere");
    assert.equal(code, 2);
    assert.equal(stderr, "vyra-ipc: there is no folder nowhere with proto files: give its path, vyra-ipc gen <dir>\n");
  });
});
