import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Code } from "@connectrpc/connect";
import { AddressInUseError, createChannel, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { clientEngines, describePairs, freshName, pathOf, serverEngines, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";

leaveNothingBehind();

describePairs("closing a server", (pair) => {
  it("finishes at once when nobody is calling, however many are connected", async () => {
    await using t = await setUp(pair, { graceMs: 3_600_000 });
    const channels = Array.from({ length: 10 }, () => createChannel(t.server.address, { engine: pair.client }));
    await Promise.all(channels.map((channel) => channel.ready()));
    const silent = connect({ path: pathOf(t.server.address) });
    await new Promise<void>((resolve) => silent.once("connect", resolve));
    const end = new Promise((resolve) => silent.resume().once("close", resolve));
    await t.server.close();
    await end;
    for (const channel of channels) {
      await channel.close();
    }
  });

  it("waits for calls in flight, of all kinds, and takes no new ones", async () => {
    await using t = await setUp(pair, { graceMs: 3_600_000 });
    const unary = t.client.unary({ text: "late", delayMs: 50 });
    const server = all(t.client.serverStream({ count: 5, delayMs: 15 }));
    const bidi = all(t.client.bidiStream(iterate([{ delayMs: 60 }])));
    await until(() => t.echo.calls === 3, "all have begun");
    const closed = t.server.close();
    await failure(createChannel(t.server.address).client(EchoService).unary({}), Code.Unavailable);
    assert.equal((await unary).text, "late");
    assert.equal((await server).length, 5);
    assert.equal((await bidi).length, 1);
    await closed;
    await failure(t.client.unary({}), Code.Unavailable);
  });

  it("ends calls that outlast the grace period with Unavailable", async () => {
    await using t = await setUp(pair, { graceMs: 20 });
    const fault = { hang: true, ignoreCancel: true };
    const outcomes = [
      t.client.unary({ fault }),
      all(t.client.serverStream({ count: 1, fault })),
      t.client.clientStream(iterate([{ fault }])),
      all(t.client.bidiStream(iterate([{ fault }]))),
    ].map((call) => failure(call, Code.Unavailable));
    await until(() => t.echo.calls === 4, "all have begun");
    await t.server.close();
    for (const error of await Promise.all(outcomes)) {
      assert.match(error.message, /shutting down/);
    }
  });

  it("waits for ever when told to", async () => {
    await using t = await setUp(pair, { graceMs: Number.POSITIVE_INFINITY });
    const slow = t.client.unary({ text: "late", delayMs: 50 });
    await until(() => t.echo.calls === 1, "the call has begun");
    await t.server.close();
    assert.equal((await slow).text, "late");
  });

  it("frees the name at once, while calls are still running", async () => {
    await using t = await setUp(pair, { graceMs: 3_600_000 });
    const slow = t.client.unary({ text: "old", delayMs: 50 });
    await until(() => t.echo.calls === 1, "the call has begun");
    const closed = t.server.close();
    await using next = await setUp(pair, { socket: t.server.address });
    assert.equal((await next.client.unary({ text: "new" })).text, "new");
    assert.equal((await slow).text, "old");
    await closed;
    assert.equal((await next.client.unary({ text: "still here" })).text, "still here");
  });

  it("serves the connections that were waiting to be accepted", async () => {
    await using t = await setUp(pair);
    // The kernel has connected it, but the server has not accepted it: this process has not returned to its event loop
    // since.
    const channels = Array.from({ length: 20 }, () => createChannel(t.server.address, { engine: pair.client }));
    const calls = channels.map((channel, i) => channel.client(EchoService).unary({ text: String(i), delayMs: 20 }));
    const path = pathOf(t.server.address);
    const sockets = Array.from({ length: 20 }, () => connect({ path }));
    const closed = t.server.close();
    const outcomes = await Promise.allSettled(calls);
    for (const outcome of outcomes) {
      // Either the connection was queued and the call is answered, or the connection came too late and the call never
      // reached the server.
      assert.ok(
        outcome.status === "fulfilled" || /no server|refused|lost/.test(String(outcome.reason)),
        String(outcome),
      );
    }
    await closed;
    for (const socket of sockets) {
      socket.destroy();
    }
    for (const channel of channels) {
      await channel.close();
    }
  });

  it("happens once, whoever asks and however often", async () => {
    const t = await setUp(pair);
    const closes = [t.server.close(), t.server.close(), t.server[Symbol.asyncDispose](), t.server.closed];
    await Promise.all(closes);
    await t.server.close();
    await t.channel.close();
  });
});

// Each server is in its own process, and clients of all engines call it at once.
for (const engine of serverEngines) {
  describe(`a server process, ${engine}`, () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      it(`answers what it is busy with on ${signal}, removes its socket and ends as told`, async () => {
        await using t = await start();
        const slow = t.clients.map((client) => client.unary({ text: "late", delayMs: 100 }));
        await t.callAll();
        t.child.kill(signal);
        for (const { text } of await Promise.all(slow)) {
          assert.equal(text, "late");
        }
        assert.deepEqual(await t.exited, { status: null, signal });
        assert.ok(!existsSync(t.path) && !existsSync(`${t.path}.lock`));
      });
    }

    it("ends at once on a second signal, and still removes its socket", async () => {
      await using t = await start({ graceMs: 3_600_000 });
      const fault = { hang: true, ignoreCancel: true };
      const hanging = t.clients.map((client) => failure(client.unary({ fault }), Code.Unavailable));
      await t.callAll();
      t.child.kill("SIGTERM");
      await until(() => !existsSync(t.path), "the first signal has been heard");
      t.child.kill("SIGTERM");
      assert.deepEqual(await t.exited, { status: null, signal: "SIGTERM" });
      await Promise.all(hanging);
    });

    it("leaves signals alone when told to", async () => {
      await using t = await start({ signals: false });
      await t.callAll();
      t.child.kill("SIGTERM");
      assert.deepEqual(await t.exited, { status: null, signal: "SIGTERM" });
      assert.ok(existsSync(t.path), "a process that dies unheard leaves its socket");
      // The next server removes what this one left.
      const next = await serve({ socket: t.path, signals: false, engine, routes: () => {} });
      await next.close();
    });

    for (const [how, status] of [
      ["exit", 7],
      ["throw", 1],
    ] as const) {
      const cause = how === "exit" ? "process.exit()" : "an uncaught exception";
      it(`removes its socket when it ends by ${cause}`, async () => {
        await using t = await start();
        t.child.stdin?.write(`${how}\n`);
        assert.deepEqual(await t.exited, { status, signal: null });
        assert.ok(!existsSync(t.path) && !existsSync(`${t.path}.lock`));
      });
    }

    it("keeps the name to itself, and says who it is", async () => {
      await using t = await start();
      await assert.rejects(
        serve({ socket: t.path, signals: false, routes: () => {} }),
        (error) => error instanceof AddressInUseError && error.pid === t.child.pid && error.message.includes(t.path),
      );
      t.child.kill("SIGKILL");
      await t.exited;
      const routes: Parameters<typeof serve>[0]["routes"] = (router) => router.service(EchoService, createEcho());
      await using _ = await serve({ socket: t.path, signals: false, engine, routes });
      await t.callAll();
    });

    async function start(options: object = {}) {
      const script = fileURLToPath(new URL("../support/server-process.js", import.meta.url));
      const name = freshName();
      const child = spawn(process.execPath, [script, name, engine, JSON.stringify(options)], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      const exited = exitOf(child);
      await new Promise((resolve) => child.stdout?.once("data", resolve));
      child.stdout?.resume();
      const channels = clientEngines.map((client) => createChannel(name, { engine: client, timeoutMs: 60_000 }));
      const clients = channels.map((channel) => channel.client(EchoService));
      return {
        child,
        exited,
        path: pathOf(name),
        clients,
        async callAll(): Promise<void> {
          await Promise.all(clients.map((client) => client.unary({})));
        },
        async [Symbol.asyncDispose]() {
          await Promise.all(channels.map((channel) => channel.close()));
        },
      };
    }
  });
}

describe("a server process that is told to end while it starts", () => {
  it("leaves nothing behind", async () => {
    const path = pathOf(freshName());
    const program = `
      import { existsSync } from "node:fs";
      import { serve } from "@vyra/ipc";
      const [path] = process.argv.slice(1);
      void serve({ socket: path, routes: () => {} });
      while (!existsSync(path)) {
        await new Promise(setImmediate);
      }
      process.kill(process.pid, "SIGTERM");
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program, path], {
      cwd: fileURLToPath(new URL(".", import.meta.url)),
      stdio: ["ignore", "ignore", "inherit"],
    });
    assert.deepEqual(await exitOf(child), { status: null, signal: "SIGTERM" });
  });
});

function exitOf(child: ChildProcess): Promise<{ status: number | null; signal: string | null }> {
  return new Promise((resolve) => child.once("close", (status, signal) => resolve({ status, signal })));
}
