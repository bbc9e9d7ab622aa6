import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Server, serve } from "@vyra/ipc";
import { StatsService } from "@vyra/ipc/proto";
import { run, start } from "./support/command.js";
import { ownFolder } from "./support/folder.js";
import { serveShop } from "./support/shop.js";

/** Serves counts that grow by 50 calls between two samples, two of which failed. */
function countingServer(socket: string): Promise<Server> {
  let looks = 0n;
  return serve({
    socket,
    signals: false,
    routes: (router) =>
      router.service(StatsService, {
        getStats() {
          looks += 1n;
          return {
            uptimeMs: looks * 1_000n,
            openConnections: 2n,
            memory: { unreadBytes: 1_048_576n, unfinishedBytes: 524_288n, waitingBytes: 0n, limitBytes: 536_870_912n },
            methods: [
              {
                method: "cli.test.ShopService/Place",
                inProgress: 3n,
                ended: { 0: looks * 48n, 5: looks * 2n },
                latency: { boundsMs: [1, 2, 4], counts: [looks * 10n, looks * 30n, looks * 10n, 0n], sumMs: 90 },
              },
              { method: "cli.test.ShopService/Quiet", ended: { 0: 7n } },
            ],
          };
        },
      }),
  });
}

describe("vyra-ipc top", () => {
  ownFolder("counting_ipc.sock", "counting_ipc.sock.lock");
  let server: Server;

  before(async () => {
    server = await countingServer("counting");
  });

  after(async () => {
    await server.close();
  });

  it("shows the activity of each method between two samples", async () => {
    const { code, stdout, stderr } = await run(["top", "counting", "-i", "100ms", "-n", "1"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const [head, names, place, quiet] = stdout.split("\n").map((line) => line.split(/ {2,}/));
    assert.deepEqual(head, [
      "counting",
      "50 calls/s",
      "2.0 errors/s",
      "2 connections",
      "1.50 MiB waiting",
      "up 2.00 s",
    ]);
    assert.deepEqual(names, ["METHOD", "CALLS/S", "P50", "P99", "RUNNING", "ERRORS/S", "CALLS", "ERRORS"]);
    assert.deepEqual(place, ["cli.test.ShopService/Place", "50", "1.50 ms", "3.90 ms", "3", "2.0", "100", "4"]);
    assert.deepEqual(quiet, ["cli.test.ShopService/Quiet", "0", "-", "-", "0", "0", "7", "0"]);
  });

  it("prints the same as JSON, one line for each sample", async () => {
    const { stdout } = await run(["top", "counting", "-i", "50ms", "-n", "2", "--json"]);
    const [first, second] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(first.socket, "counting");
    assert.deepEqual([first.callsPerSecond, second.callsPerSecond], [50, 50]);
    assert.deepEqual(first.methods[0].p50Ms, 1.5);
    const memory = {
      unreadBytes: 1_048_576,
      unfinishedBytes: 524_288,
      waitingBytes: 0,
      fieldBytes: 0,
      limitBytes: 536_870_912,
    };
    assert.deepEqual(first.memory, memory);
    assert.equal("p50Ms" in first.methods[1], false);
  });

  it("continues if one of several servers goes away", async () => {
    const other = await countingServer("other");
    const running = start(["top", "counting", "other", "-i", "50ms"]);
    await running.wrote("other  50 calls/s");
    await other.close();
    await running.wrote("other  no server at ");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    assert.deepEqual({ code, stderr }, { code: 130, stderr: "" });
  });

  it("shows a server of @vyra/ipc, which counts its calls", async () => {
    await using _ = await serveShop("shop");
    const running = start(["top", "shop", "--json", "-i", "100ms"]);
    await running.wrote('"socket":"shop"');
    assert.equal((await run(["call", "shop", "Place"])).code, 0);
    assert.equal((await run(["call", "shop", "Fail", '{"code": 5}'])).code, 1);
    await running.wrote('"method":"cli.test.ShopService/Fail"');
    running.child.kill("SIGINT");
    const last = (await running.ended).stdout.trimEnd().split("\n").at(-1) ?? "";
    const { methods } = JSON.parse(last) as { methods: { method: string; calls: number; errors: number }[] };
    const totals = methods.map(({ method, calls, errors }) => [method, calls, errors]);
    assert.deepEqual(totals.sort(), [
      ["cli.test.ShopService/Fail", 1, 1],
      ["cli.test.ShopService/Place", 1, 0],
    ]);
  });

  it("exits with 3 if there is no server, and with 1 if no server counts its calls", async () => {
    const plain = await serve({ socket: "plain", signals: false, stats: false, routes: () => {} });
    const [nobody, silent] = await Promise.all([run(["top", "nobody"]), run(["top", "plain"])]);
    await plain.close();
    assert.deepEqual([nobody.code, silent.code], [3, 1]);
    assert.match(silent.stderr, /plain_ipc\.sock does not count its calls \(vyra\.ipc\.StatsService\)\n$/);
  });
});
