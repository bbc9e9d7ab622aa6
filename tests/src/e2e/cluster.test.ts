import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  AddressInUseError,
  type Channel,
  type ClusterMember,
  createChannel,
  resolveSocket,
  serve,
  serveCluster,
} from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { freshName, serverEngines } from "../support/engines.js";
import { failure, later } from "../support/expect.js";
import { envelope, rawRequest, rawSession, statusOf } from "../support/raw.js";

const { folder } = leaveNothingBehind();

for (const engine of serverEngines) {
  describe(`a cluster, ${engine}`, () => {
    it("gives a client's connections to its workers in equal parts, who see who it is", async () => {
      await using cluster = await start(engine, { workers: 3 });
      const client = cluster.open(6);
      const answers = new Map<string, number>();
      for (let i = 0; i < 12; i++) {
        const { text } = await client.unary({});
        const [caller, worker = ""] = text.split(" ");
        assert.equal(caller, String(process.pid));
        answers.set(worker, (answers.get(worker) ?? 0) + 1);
      }
      assert.deepEqual([...answers.values()], [4, 4, 4]);
      const workers = await cluster.workers();
      assert.deepEqual(workers.map(({ pid }) => String(pid)).sort(), [...answers.keys()].sort());
      assert.deepEqual(
        workers.map(({ connections }) => connections),
        [2, 2, 2],
      );
    });

    it("loses only the calls of a worker that is killed, and replaces it", async () => {
      await using cluster = await start(engine, { workers: 2 });
      const client = cluster.open(2);
      const first = await cluster.answering(client);
      const second = await cluster.answering(client);
      assert.notEqual(first, second);
      const lost = conversation(client);
      await lost.exchange();
      const kept = conversation(client);
      await kept.exchange();
      process.kill(first, "SIGKILL");
      await failure(lost.exchange(), Code.Unavailable);
      assert.match(await cluster.line(), new RegExp(`^reported worker ${first} ended by SIGKILL`));
      await kept.exchange();
      await kept.end();
      const pids = (await cluster.untilThereAre(2)).map(({ pid }) => pid);
      assert.ok(pids.includes(second) && !pids.includes(first));
    });

    it("loses only those under load as well", async () => {
      await using cluster = await start(engine, { workers: 2 });
      const client = cluster.open(2);
      const victim = await cluster.answering(client);
      let isOver = false;
      const callers = Array.from({ length: 16 }, async () => {
        const errors: unknown[] = [];
        while (!isOver) {
          await client.unary({ delayMs: 1 }).catch((error: unknown) => errors.push(error));
        }
        return errors;
      });
      process.kill(victim, "SIGKILL");
      await cluster.line();
      await cluster.untilThereAre(2);
      isOver = true;
      const failures = await Promise.all(callers);
      // Each of them had one call under way when it happened.
      assert.ok(failures.every((errors) => errors.length <= 1));
      assert.ok(failures.flat().every((error) => error instanceof ConnectError && error.code === Code.Unavailable));
    });

    it("replaces all workers under 32 calls in flight without losing one", async () => {
      await using cluster = await start(engine, { workers: 2 });
      const client = cluster.open(4);
      const before = await cluster.workers();
      let isOver = false;
      let answered = 0;
      const callers = Array.from({ length: 32 }, async () => {
        while (!isOver) {
          await client.unary({ delayMs: 1 });
          answered++;
        }
      });
      assert.equal(await cluster.ask("restart"), "restarted");
      isOver = true;
      await Promise.all(callers);
      assert.ok(answered > 32);
      const after = await cluster.workers();
      assert.equal(new Set([...before, ...after].map(({ pid }) => pid)).size, 4);
    });

    it("hands a connection that has not said a word to the next worker", async () => {
      await using cluster = await start(engine, { workers: 1 });
      const socket = connect({ path: cluster.path });
      await once(socket, "connect");
      while ((await cluster.workers())[0]?.connections !== 1) {}
      assert.equal(await cluster.ask("restart"), "restarted");
      const session = rawSession(cluster.path, socket);
      const answer = await rawRequest(session, { ":path": "/vyra.test.EchoService/Unary" }, envelope(new Uint8Array()));
      assert.equal(statusOf(answer), 0);
      session.destroy();
    });

    it("lets a worker that is told to end finish, and replaces it", async () => {
      await using cluster = await start(engine, { workers: 1 });
      const client = cluster.open(1);
      const worker = await cluster.answering(client);
      const talk = conversation(client);
      await talk.exchange();
      process.kill(worker, "SIGTERM");
      const next = cluster.open(1);
      while ((await cluster.answering(next)) === worker) {}
      await talk.exchange();
      await talk.end();
      assert.equal((await cluster.untilThereAre(1)).length, 1);
    });

    for (const how of ["SIGTERM", "SIGINT to all of them", "close"]) {
      it(`answers what it is busy with on ${how}, and leaves nothing behind`, async () => {
        await using cluster = await start(engine, { workers: 2 });
        const client = cluster.open(2);
        const talks = [conversation(client), conversation(client)];
        for (const talk of talks) {
          await talk.exchange();
        }
        const pids = (await cluster.workers()).map(({ pid }) => pid);
        const [signal] = how.split(" ") as [NodeJS.Signals];
        if (how === "close") {
          cluster.tell("close");
        } else {
          process.kill(how === "SIGTERM" ? cluster.pid : -cluster.pid, signal);
        }
        while (existsSync(cluster.path)) {
          await new Promise(setImmediate);
        }
        await failure(cluster.open(1).unary({}), Code.Unavailable);
        for (const talk of talks) {
          await talk.exchange();
          await talk.end();
        }
        assert.deepEqual(await cluster.ended, how === "close" ? [0, null] : [null, signal]);
        for (const pid of pids) {
          assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
        }
        assert.ok(!existsSync(`${cluster.path}.lock`));
      });
    }

    it("finishes its calls though the primary is killed, and the next one takes the name", async () => {
      const name = freshName();
      {
        await using cluster = await start(engine, { workers: 2 }, name);
        const talk = conversation(cluster.open(1));
        await talk.exchange();
        process.kill(cluster.pid, "SIGKILL");
        await cluster.primaryEnded;
        await talk.exchange();
        await talk.end();
        await cluster.ended; // nobody has its standard output any more
      }
      await using next = await start(engine, { workers: 1 }, name);
      await next.open(1).unary({});
    });

    it("goes on with the workers that it has when new ones fail, and tries again until they do not", async () => {
      const failIfThere = join(folder, `${freshName()}.fail`);
      await using cluster = await start(engine, { workers: 1, failIfThere });
      const client = cluster.open(1);
      const worker = await cluster.answering(client);
      writeFileSync(failIfThere, "");
      assert.match(await cluster.ask("restart"), /^not restarted: worker \d+ ended with status 3 before it was ready/);
      assert.equal(await cluster.answering(client), worker);
      process.kill(worker, "SIGKILL");
      assert.match(await cluster.line(), /^reported worker \d+ ended by SIGKILL/);
      assert.match(await cluster.line(), /^reported worker \d+ ended with status 3 before it was ready/);
      // There is nobody to serve it, but it is not turned away.
      const waiting = cluster.open(1).unary({}, { timeoutMs: 30_000 });
      assert.match(await cluster.line(), /^reported worker \d+ ended with status 3 before it was ready/);
      rmSync(failIfThere);
      await waiting;
    });

    it("says so when its first workers fail, and when the name is taken", async () => {
      const failIfThere = join(folder, `${freshName()}.fail`);
      writeFileSync(failIfThere, "");
      await assert.rejects(start(engine, { workers: 2, failIfThere }), /ended with status 3 before it was ready/);
      rmSync(failIfThere);
      await using cluster = await start(engine, { workers: 1 });
      await assert.rejects(
        serveCluster({ socket: cluster.name, workers: 1, signals: false, routes: () => {} }),
        (error) => error instanceof AddressInUseError && error.pid === cluster.pid,
      );
      assert.match(await cluster.ask("second"), /^no second: this process has a cluster already/);
    });

    it("hands its name over, and takes it over", async () => {
      await using cluster = await start(engine, { workers: 2 });
      const client = cluster.open(1);
      const talk = conversation(client);
      await talk.exchange();
      const { name: socket } = cluster;
      const routes: Parameters<typeof serve>[0]["routes"] = (router) => router.service(EchoService, createEcho());
      await using single = await serve({ socket, engine, signals: false, takeover: true, routes });
      assert.equal((await cluster.open(1).unary({ text: "single" })).text, "single");
      await talk.exchange();
      await talk.end();
      assert.deepEqual(await cluster.ended, [0, null]);
      await using next = await start(engine, { workers: 2, takeover: true }, socket);
      await single.closed;
      assert.notEqual(await next.answering(next.open(1)), process.pid);
    });
  });
}

it("serveCluster refuses what cannot be meant", async () => {
  await assert.rejects(serveCluster({ socket: "m", workers: 0, routes: () => {} }), /workers must be a whole number/);
  await assert.rejects(serveCluster({ socket: "m", graceMs: -1, routes: () => {} }), /graceMs must be/);
});

type Client = ReturnType<typeof clientOf>;

function clientOf(channel: Channel) {
  return channel.client(EchoService);
}

/** A cluster in processes of its own, with the channels to it. */
async function start(engine: string, options: object, name = freshName()) {
  const script = fileURLToPath(new URL("../support/cluster-process.js", import.meta.url));
  const args = [script, name, engine, JSON.stringify({ graceMs: 3_600_000, ...options })];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdin.on("error", () => {});
  const primaryEnded = once(child, "exit");
  // Workers have the same standard output: this is the end of all of them.
  const ended = once(child, "close");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await lines.next()).value ?? assert.fail(`the cluster ended: ${stderr}`);
  const tell = (what: string) => child.stdin.write(`${what}\n`);
  const ask = (what: string) => {
    tell(what);
    return line();
  };
  const channels: Channel[] = [];
  await line().catch(async (error: unknown) => {
    await ended;
    throw error;
  });
  const workers = async (): Promise<ClusterMember[]> => JSON.parse(await ask("workers"));
  return {
    name,
    path: resolveSocket(name).path,
    pid: child.pid as number,
    primaryEnded,
    ended,
    line,
    tell,
    ask,
    workers,
    open(connections: number): Client {
      const channel = createChannel(name, { connections });
      channels.push(channel);
      return clientOf(channel);
    },
    async answering(client: Client): Promise<number> {
      return Number((await client.unary({})).text.split(" ")[1]);
    },
    async untilThereAre(count: number): Promise<ClusterMember[]> {
      for (;;) {
        const now = await workers();
        if (now.length === count) {
          return now;
        }
      }
    },
    async [Symbol.asyncDispose]() {
      for (const channel of channels) {
        await channel.close();
      }
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** A call that lasts for as long as the test wants it to. */
function conversation(client: Client) {
  let next = later<boolean>();
  const answers = client
    .bidiStream(
      (async function* () {
        while (await next.promise) {
          next = later<boolean>();
          yield {};
        }
      })(),
      { timeoutMs: 60_000 },
    )
    [Symbol.asyncIterator]();
  return {
    async exchange(): Promise<void> {
      next.resolve(true);
      assert.equal((await answers.next()).done, false);
    },
    async end(): Promise<void> {
      next.resolve(false);
      assert.equal((await answers.next()).done, true);
    },
  };
}
