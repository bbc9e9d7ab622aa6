import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName, pathOf, serverEngines } from "../support/engines.js";
import { until } from "../support/expect.js";

leaveNothingBehind();

const here = fileURLToPath(new URL(".", import.meta.url));

/** The command that runs a program as the first process of a pid namespace, as in a container. */
const asFirst = ["unshare", "--pid", "--fork", "--kill-child"];
const canBeFirst = spawnSync(asFirst[0] ?? "", [...asFirst.slice(1), "true"]).status === 0;

/**
 * Starts a program that does not end by itself. Resolves once it has printed a line; `pid` is the program's own, and
 * not that of the command that started it.
 */
async function start(args: readonly string[], before: readonly string[] = []) {
  const [command = "", ...rest] = [...before, process.execPath, ...args];
  const child = spawn(command, rest, { cwd: here, stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "close").then(([status, signal]) => ({ status, signal }));
  await once(child.stdout, "data");
  child.stdout.resume();
  const pid =
    before.length === 0
      ? (child.pid ?? 0)
      : Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim());
  return { pid, exited };
}

const serving = (options: string) => [
  "--input-type=module",
  "--eval",
  `import { serve } from "@vyra/ipc";
   const [socket, other] = process.argv.slice(1);
   const routes = () => {};
   ${options}
   setInterval(() => {}, 60_000);
   console.log("serving as", process.pid);`,
];

describe("process 1 of a container", { skip: canBeFirst ? false : "may not unshare" }, () => {
  for (const [signal, status] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const) {
    it(`ends by ${signal} as a shell shows it, though it has other things to do`, async () => {
      const socket = freshName();
      const t = await start([...serving("await serve({ socket, routes });"), socket], asFirst);
      process.kill(t.pid, signal);
      assert.deepEqual(await t.exited, { status, signal: null });
      assert.ok(!existsSync(pathOf(socket)));
    });

    for (const engine of serverEngines) {
      it(`and a cluster's likewise, ${signal}, ${engine}`, async () => {
        const script = fileURLToPath(new URL("../support/cluster-process.js", import.meta.url));
        const options = JSON.stringify({ workers: 2 });
        const t = await start([script, freshName(), engine, options], asFirst);
        process.kill(t.pid, signal);
        assert.deepEqual(await t.exited, { status, signal: null });
      });
    }
  }

  it("ends at once by a second signal", async () => {
    const socket = freshName();
    // The server waits for a connection on which a request of HTTP/1.1 has begun.
    const busy = `await serve({ socket, routes, graceMs: 3_600_000, handshakeTimeoutMs: Infinity });
      const { connect } = await import("node:net");
      const { resolveSocket } = await import("@vyra/ipc");
      connect({ path: resolveSocket(socket).path }).write("POST / HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: 9\\r\\n");
      await new Promise((resolve) => setTimeout(resolve, 100));`;
    const t = await start([...serving(busy), socket], asFirst);
    process.kill(t.pid, "SIGTERM");
    await until(() => !existsSync(pathOf(socket)), "the first signal has been heard");
    process.kill(t.pid, "SIGTERM");
    assert.deepEqual(await t.exited, { status: 143, signal: null });
  });
});

describe("a server that minds no signals", () => {
  it("leaves no socket when another of its process minds them", async () => {
    const [minds, mindsNot] = [freshName(), freshName()];
    const two = "await serve({ socket, routes }); await serve({ socket: other, routes, signals: false });";
    const t = await start([...serving(two), minds, mindsNot]);
    process.kill(t.pid, "SIGTERM");
    assert.deepEqual(await t.exited, { status: null, signal: "SIGTERM" });
    for (const name of [minds, mindsNot]) {
      assert.ok(!existsSync(pathOf(name)), name);
      assert.ok(!existsSync(`${pathOf(name)}.lock`), name);
    }
  });
});
