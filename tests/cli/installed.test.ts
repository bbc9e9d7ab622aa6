import assert from "node:assert/strict";
import { type SpawnSyncOptions, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { root } from "../support/folders.js";
import { main } from "./shop.js";

describe("vyra-ipc as users get it", () => {
  const work = mkdtempSync(join(tmpdir(), "vyra-installed-"));
  const tarballs = join(work, "tarballs");
  const project = join(work, "my_shop");
  const env = { ...process.env, VYRA_IPC_DIR: work, NODE_TEST_CONTEXT: undefined };

  before(() => {
    execute("mkdir", ["-p", tarballs]);
    for (const name of ["http2", "ipc", "cli"]) {
      execute("npm", ["pack", "--pack-destination", tarballs], { cwd: join(root, "packages", name) });
    }
  });

  after(() => rmSync(work, { recursive: true }));

  it("starts a module that installs, passes its tests and runs", () => {
    execute(process.execPath, [main, "init", "my_shop", "--packages", tarballs], { cwd: work });
    execute("npm", ["install", "--no-audit", "--no-fund"], { cwd: project });
    assert.match(execute("npm", ["test"], { cwd: project }), /^# pass 3$|^ℹ pass 3$/m);
    const output = execute("npm", ["start"], { cwd: project });
    assert.match(output, /^serving at unix:.*my_shop_ipc\.sock$/m);
    assert.match(output, /^Hello, world!\n(serving at .*\n)?1\n2\n3\n$/m);
  });

  it("looks into the module's backend", async () => {
    const backend = spawn("npm", ["run", "backend"], { cwd: project, env, stdio: "ignore", detached: true });
    try {
      const npx = (...args: string[]) => execute("npx", ["--no-install", "vyra-ipc", ...args], { cwd: project });
      assert.match(npx("wait", "my_shop", "--timeout", "30s"), /^my_shop is ready after /);
      assert.match(npx("ls"), /^my_shop {2}alive {2}SERVING /m);
      assert.match(npx("describe", "my_shop"), /rpc Greet\(GreetRequest\) returns \(GreetResponse\);/);
      assert.deepEqual(JSON.parse(npx("call", "my_shop", "Greet", '{"name": "Ada"}')), { text: "Hello, Ada!" });
      assert.match(npx("bench", "my_shop", "Greet", '{"name": "Ada"}', "-d", "300ms"), /^errors +0$/m);
    } finally {
      assert.ok(backend.pid !== undefined);
      process.kill(-backend.pid, "SIGTERM"); // npm, its shell and the backend
      await new Promise((resolve) => backend.once("exit", resolve));
    }
    const sockets = () => readdirSync(work).filter((name) => name.includes("sock"));
    for (let i = 0; i < 100 && sockets().length > 0; i++) {
      await delay(100); // npm may end before the backend does
    }
    assert.deepEqual(sockets(), []);
  });

  /** Runs a command to its end, and returns what it wrote to standard output. */
  function execute(command: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
    const { status, error, stdout, stderr } = spawnSync(command, args, { env, ...options, encoding: "utf8" });
    assert.equal(status, 0, `${command} ${args.join(" ")}\n${error ?? ""}${stdout}${stderr}`);
    return stdout;
  }
});
