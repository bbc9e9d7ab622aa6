import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Interceptor } from "@connectrpc/connect";
import { run, start } from "./support/command.js";
import { serveForeignShop } from "./support/foreign.js";
import { ownShop, serveShop } from "./support/shop.js";

describe("vyra-ipc bench", () => {
  const { folder } = ownShop();

  it("shows throughput and latency", async () => {
    const { code, stdout, stderr } = await run(["bench", "shop", "Place", '{"id": "7"}', "-c", "4", "-d", "300ms"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(
      stdout,
      /^cli\.test\.ShopService\/Place at .*shop_ipc\.sock\n4 calls at a time on 1 connection, for \d+ ms\n/,
    );
    assert.match(stdout, /^calls +[\d,]+ {2}[\d,]+\/s\nerrors +0$/m);
    for (const p of ["p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99"]) {
      assert.match(stdout, new RegExp(`^ +${p} +\\d[\\d.]* (µs|ms|s)$`, "m"));
    }
    assert.match(stdout, /^ +≤ .* {2}█[█▏▎▍▌▋▊▉ ]* +\d+\.\d %$/m);
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await run(["bench", "shop", "Place", "-c", "2", "-d", "300ms", "--connections", "2", "--json"]);
    const result = JSON.parse(stdout);
    assert.equal(result.method, "cli.test.ShopService/Place");
    assert.deepEqual([result.concurrency, result.connections, result.failed], [2, 2, 0]);
    assert.equal(
      result.histogram.reduce((sum: number, { count }: { count: number }) => sum + count, 0),
      result.calls,
    );
    const { min, p50, p99, max } = result.latencyMs;
    assert.ok(0 < min && min <= p50 && p50 <= p99 && p99 <= max, stdout);
  });

  it("starts calls at a rate, and shows what was achieved beside it", async () => {
    const args = ["bench", "shop", "Place", '{"id": "7"}', "--rate", "200", "-d", "500ms", "--warmup", "0"];
    const { code, stdout } = await run(args);
    assert.equal(code, 0);
    assert.match(stdout, /^200 calls\/s, at most 1,000 calls at a time on 1 connection, for \d+ ms$/m);
    assert.match(stdout, /^not made +\d+$/m);
    const { rate, concurrency, calls, unmade } = JSON.parse((await run([...args, "--json"])).stdout);
    assert.deepEqual([rate, concurrency, typeof unmade], [200, 1_000, "number"]);
    assert.ok(calls > 0 && calls <= 200, `${calls}`);
  });

  it("counts the time that a call at a rate waits for others", async () => {
    // Each call takes 100 ms, and 20 are due meanwhile, so most wait, and those at the end are not made.
    const hang = ["bench", "slow", "Place", "--rate", "200", "-c", "1", "-d", "1s", "--warmup", "0", "--json"];
    const wait: Interceptor = (next) => async (req) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return next(req);
    };
    const slow = await serveShop("slow", { interceptors: [wait] });
    const { calls, unmade, latencyMs } = JSON.parse((await run(hang)).stdout);
    await slow.close();
    assert.ok(unmade > calls, `${unmade} of ${calls + unmade}`);
    assert.ok(latencyMs.max > 300, JSON.stringify(latencyMs));
  });

  it("counts the messages of streams", async () => {
    const { stdout } = await run(["bench", "shop", "Watch", '{"count": 3}', "-c", "2", "-d", "300ms", "--json"]);
    const { calls, messages, failed } = JSON.parse(stdout);
    assert.equal(messages, 3 * calls);
    assert.equal(failed, 0);
  });

  it("sends all the requests of a stream in each call", async () => {
    const input = '{"text": "a"}\n{"text": "b"}\n';
    const { stdout } = await run(["bench", "shop", "Haggle", "-", "-c", "2", "-d", "300ms", "--json"], { input });
    const { calls, messages } = JSON.parse(stdout);
    assert.equal(messages, 2 * calls);
  });

  it("writes a report that needs nothing else", async () => {
    const file = join(folder, "report.html");
    const { code, stderr } = await run(["bench", "shop", "Place", "-c", "2", "-d", "300ms", "--html", file]);
    const html = readFileSync(file, "utf8");
    rmSync(file);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: `wrote ${file}\n` });
    assert.equal(html.match(/<svg /g)?.length, 4);
    assert.doesNotMatch(html, /NaN|undefined|Infinity|(src|href)=|@import/);
    const [, json = ""] = /<script type="application\/json" id="result">(.*)<\/script>/.exec(html) ?? [];
    assert.equal(JSON.parse(json).method, "cli.test.ShopService/Place");
  });

  it("keeps the previous report if it fails", async () => {
    const file = join(folder, "last.html");
    writeFileSync(file, "the last");
    const { code } = await run(["bench", "shop", "Fail", '{"code": 5}', "--html", file]);
    const left = readFileSync(file, "utf8");
    rmSync(file);
    assert.deepEqual({ code, left }, { code: 1, left: "the last" });
  });

  it("loads a server of grpc-js", async () => {
    const foreign = await serveForeignShop(folder, "foreign");
    const { code, stdout } = await run([
      "bench",
      "foreign",
      "Place",
      '{"id": "7"}',
      "-c",
      "4",
      "-d",
      "300ms",
      "--json",
    ]);
    await foreign[Symbol.asyncDispose]();
    assert.equal(code, 0);
    const { calls, failed } = JSON.parse(stdout);
    assert.ok(calls > 0);
    assert.equal(failed, 0);
  });

  it("begins with one call, and reports its failure", async () => {
    const [failing, unreachable, slow] = await Promise.all([
      run(["bench", "shop", "Fail", '{"code": 5, "message": "no bread"}']),
      run(["bench", "nobody", "Place"]),
      run(["bench", "shop", "Hang", "--timeout", "200ms"]),
    ]);
    assert.deepEqual([failing.code, unreachable.code, slow.code], [1, 3, 4]);
    assert.equal(failing.stderr, "vyra-ipc: NOT_FOUND: no bread\n");
  });

  it("counts failed calls, and exits with 1", async () => {
    const victim = await serveCounting("victim");
    const running = start(["bench", "victim", "Place", "-c", "2", "-d", "2s", "--warmup", "0", "--json"]);
    await callsCame(victim);
    await victim.close();
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 1, stderr);
    const { calls, errors } = JSON.parse(stdout);
    assert.ok(calls > 0);
    assert.equal(errors[0].code, "UNREACHABLE");
    assert.match(stderr, /"message":"[\d,]+ of [\d,]+ calls to .*victim_ipc\.sock failed"/);
  });

  it("shows the figures so far when it is interrupted, and exits with 130", async () => {
    const loaded = await serveCounting("loaded");
    const running = start(["bench", "loaded", "Place", "-c", "2", "-d", "1m", "--json", "--warmup", "0"]);
    await callsCame(loaded);
    running.child.kill("SIGINT");
    const { code, stdout } = await running.ended;
    await loaded.close();
    assert.equal(code, 130);
    assert.ok(JSON.parse(stdout).measuredMs < 30_000);
  });

  async function serveCounting(name: string) {
    const counting = { calls: 0 };
    const interceptor: Interceptor = (next) => (req) => {
      counting.calls += 1;
      return next(req);
    };
    return Object.assign(counting, await serveShop(name, { interceptors: [interceptor] }));
  }

  /** Waits until the load has made calls. */
  async function callsCame(counting: { readonly calls: number }): Promise<void> {
    while (counting.calls < 100) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  for (const [what, args, complaint] of [
    [
      "no number of calls",
      ["-c", "0"],
      /option '-c, --concurrency <n>' argument '0' is invalid\. It must be a whole number/,
    ],
    [
      "more calls than there can be",
      ["-c", "100000000"],
      /It must be a whole number from 1 to 100,000\. See vyra-ipc bench --help$/m,
    ],
    ["no rate", ["--rate", "0.5"], /option '-r, --rate <n>' argument '0\.5' is invalid\. It must be a whole number/],
    ["no time", ["-d", "0"], /0 is not a duration greater than 0/],
    ["a file that cannot be written", ["--html", "/nowhere/x.html"], /cannot write \/nowhere\/x\.html \(ENOENT\)/],
  ] as const) {
    it(`refuses ${what}, and exits with 2`, async () => {
      const { code, stderr } = await run(["bench", "shop", "Place", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, complaint);
    });
  }
});
