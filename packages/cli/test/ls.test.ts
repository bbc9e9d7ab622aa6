import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { run } from "./support/command.js";
import { ownShop } from "./support/shop.js";
import { staleSocket } from "./support/stale-socket.js";

describe("vyra-ipc ls", () => {
  const { folder } = ownShop("dead_ipc.sock", "mute.sock", "file_ipc.sock");
  const user = userInfo().username;
  const mute = createServer();

  before(async () => {
    await staleSocket(join(folder, "dead_ipc.sock"));
    writeFileSync(join(folder, "file_ipc.sock"), "no socket at all");
    await new Promise<void>((resolve) => mute.listen({ path: join(folder, "mute.sock") }, resolve));
  });

  after(async () => {
    mute.close();
  });

  it("lists modules' sockets with process, health and services", async () => {
    const { code, stdout, stderr } = await run(["ls"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const [head, dead, shop, rest] = stdout.split("\n").map((line) => line.split(/ {2,}/));
    assert.deepEqual(head, ["SOCKET", "STATE", "HEALTH", "USER", "PID", "SERVICES", "COMMAND"]);
    assert.deepEqual(dead, ["dead", "stale", "-", user, "-", "-", "-"]);
    assert.deepEqual(shop?.slice(0, 6), [
      "shop",
      "alive",
      "SERVING",
      user,
      String(process.pid),
      "cli.test.ShopService",
    ]);
    assert.match(shop?.[6] ?? "", /ls\.test\.js/);
    assert.deepEqual(rest, ["1 other socket: see --all"]);
  });

  it("lists every socket of any folder, as JSON", async () => {
    const { stdout } = await run(["ls", folder, "--all", "--json"]);
    const [dead, muteOne, shop] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(dead, { path: join(folder, "dead_ipc.sock"), module: "dead", state: "stale", user });
    assert.deepEqual(
      { path: muteOne.path, state: muteOne.state },
      { path: join(folder, "mute.sock"), state: "silent" },
    );
    assert.deepEqual([shop.health, shop.pid, shop.services], ["SERVING", process.pid, ["cli.test.ShopService"]]);
  });

  it("calls any number of servers at once", async () => {
    const crowd = join(folder, "crowd");
    mkdirSync(crowd);
    const mutes = Array.from({ length: 12 }, (_, i) => createServer().listen(join(crowd, `${i}.sock`)));
    await Promise.all(mutes.map((one) => once(one, "listening")));
    const { stdout, stderr } = await run(["ls", crowd, "--all"]);
    for (const one of mutes) {
      one.close();
    }
    rmSync(crowd, { recursive: true });
    assert.equal(stderr, "");
    assert.equal(stdout.match(/ silent /g)?.length, 12);
  });

  it("reports an empty or missing folder", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const nothing = await run(["ls", empty]);
    rmSync(empty, { recursive: true });
    const nowhere = await run(["ls", empty]);
    assert.deepEqual([nothing.code, nothing.stdout], [0, `no modules' sockets in ${empty}\n`]);
    assert.deepEqual([nowhere.code, nowhere.stdout], [2, ""]);
    assert.match(nowhere.stderr, /^vyra-ipc: cannot list .*empty \(ENOENT\): is it a folder that you may read\?\n$/);
  });
});
