import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run, start } from "./support/command.js";
import { ownFolder } from "./support/folder.js";
import { ownShop, serveShop } from "./support/shop.js";

describe("vyra-ipc health", () => {
  const own = ownShop();

  it("exits with 0 if a server serves", async () => {
    const plain = await run(["health", "shop"]);
    const json = await run(["health", "shop", "cli.test.ShopService", "--json"]);
    assert.deepEqual(plain, { code: 0, stdout: "SERVING\n", stderr: "" });
    assert.deepEqual(json, { code: 0, stdout: '{"service":"cli.test.ShopService","status":"SERVING"}\n', stderr: "" });
  });

  it("exits with 5 if it reports that it does not serve", async () => {
    own.server.health.set("", "NOT_SERVING");
    const { code, stdout, stderr } = await run(["health", "shop"]);
    own.server.health.set("", "SERVING");
    assert.deepEqual({ code, stdout }, { code: 5, stdout: "NOT_SERVING\n" });
    assert.match(stderr, /shop_ipc\.sock does not serve \(NOT_SERVING\)\n$/);
  });

  it("exits with 1 for an unknown service, and with 3 for an unreachable server", async () => {
    const [service, nobody] = await Promise.all([run(["health", "shop", "x.Y"]), run(["health", "nobody"])]);
    assert.deepEqual([service.code, nobody.code], [1, 3]);
    assert.match(service.stderr, /has no service x\.Y\n$/);
  });

  it("exits with 1 for a server without a health service", async () => {
    await using _ = await serveShop("plain", { health: false });
    const { code, stderr } = await run(["health", "plain"]);
    assert.equal(code, 1);
    assert.match(stderr, /plain_ipc\.sock has no health service \(grpc\.health\.v1\.Health\)\n$/);
  });

  it("watches until Ctrl-C, even across a restart", async () => {
    let watched = await serveShop("watched");
    const running = start(["health", "watched", "--watch", "--json"]);
    await running.wrote('"status":"SERVING"');
    watched.health.set("", "NOT_SERVING");
    await running.wrote('"status":"NOT_SERVING"');
    await watched.close();
    await running.wrote('"status":"UNREACHABLE"');
    watched = await serveShop("watched");
    await running.wrote('"status":"SERVING"', 2);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    await watched.close();
    assert.deepEqual({ code, stderr }, { code: 130, stderr: "" });
  });
});

describe("vyra-ipc wait", () => {
  const folder = ownFolder();

  it("waits until all servers answer and serve", async () => {
    await using early = await serveShop("early");
    early.health.set("", "NOT_SERVING");
    const running = start(["wait", "early", "late", "--timeout", "30s"]);
    await using _ = await serveShop("late");
    await running.wrote("late is ready after ");
    assert.doesNotMatch(running.stdout, /early/);
    early.health.set("", "SERVING");
    const { code, stderr } = await running.ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(running.stdout, /^late is ready after \d[^\n]+\nearly is ready after \d[^\n]+\n$/);
  });

  it("accepts a server without a health service", async () => {
    await using _ = await serveShop("plain", { health: false });
    const { code, stdout } = await run(["wait", "plain", "--json"]);
    assert.equal(code, 0);
    assert.deepEqual({ ...JSON.parse(stdout), afterMs: 0 }, { socket: "plain", ready: true, afterMs: 0 });
  });

  it("exits with 4 when it times out, and names what is missing", async () => {
    await using shop = await serveShop("shop");
    shop.health.set("", "NOT_SERVING");
    const [nobody, unwell] = await Promise.all([
      run(["wait", "nobody", "--timeout", "2s"]),
      run(["wait", "shop", "--timeout", "2s"]),
    ]);
    assert.deepEqual([nobody.code, unwell.code], [4, 4]);
    assert.equal(
      nobody.stderr,
      "vyra-ipc: nobody was not ready within 2.00 s: " +
        `no server at ${folder}/nobody_ipc.sock (ENOENT): is the backend running?\n`,
    );
    assert.equal(unwell.stderr, "vyra-ipc: shop was not ready within 2.00 s: it reports NOT_SERVING\n");
  });
});
