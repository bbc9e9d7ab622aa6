import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { AddressInUseError, serve, serveCluster } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { conversation, startCluster } from "../support/cluster.js";
import { createEcho } from "../support/echo.js";
import { freshName } from "../support/engines.js";
import { failure, until } from "../support/expect.js";

const { folder } = leaveNothingBehind();

describe("a cluster's life", () => {
  it("lets a worker that is told to end finish, and replaces it", async () => {
    await using cluster = await startCluster("direct", { workers: 1 });
    const client = cluster.open(1);
    const worker = await cluster.answering(client);
    const talk = conversation(client);
    await talk.exchange();
    process.kill(worker, "SIGTERM");
    const next = cluster.open(1);
    await cluster.untilAnotherThan(worker, next);
    await talk.exchange();
    await talk.end();
    assert.equal((await cluster.untilThereAre(1)).length, 1);
  });

  for (const how of ["SIGTERM", "SIGINT to all of them", "close"]) {
    it(`answers what it is busy with on ${how}, and leaves nothing behind`, async () => {
      await using cluster = await startCluster("direct", { workers: 2 });
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
      await until(() => !existsSync(cluster.path), "the name is free");
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
      await using cluster = await startCluster("direct", { workers: 2 }, name);
      const talk = conversation(cluster.open(1));
      await talk.exchange();
      process.kill(cluster.pid, "SIGKILL");
      await cluster.primaryEnded;
      await talk.exchange();
      await talk.end();
      await cluster.ended; // nobody has its standard output any more
    }
    await using next = await startCluster("direct", { workers: 1 }, name);
    await next.open(1).unary({});
  });

  it("goes on with the workers that it has when new ones fail, and tries again until they do not", async () => {
    const failIfThere = join(folder, `${freshName()}.fail`);
    await using cluster = await startCluster("direct", { workers: 1, failIfThere });
    const client = cluster.open(1);
    const worker = await cluster.answering(client);
    writeFileSync(failIfThere, "");
    assert.match(await cluster.ask("restart"), /^not restarted: worker \d+ ended with status 3 before it was ready/);
    assert.equal(await cluster.answering(client), worker);
    process.kill(worker, "SIGKILL");
    assert.match(await cluster.line(), /^reported worker \d+ ended by SIGKILL/);
    assert.match(await cluster.line(), /^reported worker \d+ ended with status 3 before it was ready/);
    // No worker serves it yet, but the connection is not refused.
    const waiting = cluster.open(1).unary({}, { timeoutMs: 30_000 });
    assert.match(await cluster.line(), /^reported worker \d+ ended with status 3 before it was ready/);
    rmSync(failIfThere);
    await waiting;
  });

  it("says so when its first workers fail, and when the name is taken", async () => {
    const failIfThere = join(folder, `${freshName()}.fail`);
    writeFileSync(failIfThere, "");
    await assert.rejects(
      startCluster("direct", { workers: 2, failIfThere }),
      /ended with status 3 before it was ready/,
    );
    rmSync(failIfThere);
    await using cluster = await startCluster("direct", { workers: 1 });
    await assert.rejects(
      serveCluster({ socket: cluster.name, workers: 1, signals: false, routes: () => {} }),
      (error) => error instanceof AddressInUseError && error.pid === cluster.pid,
    );
    assert.match(await cluster.ask("second"), /^no second: this process has a cluster already/);
  });

  it("hands its name over, and takes it over", async () => {
    await using cluster = await startCluster("direct", { workers: 2 });
    const client = cluster.open(1);
    const talk = conversation(client);
    await talk.exchange();
    const { name: socket } = cluster;
    const routes: Parameters<typeof serve>[0]["routes"] = (router) => router.service(EchoService, createEcho());
    await using single = await serve({ socket, signals: false, takeover: true, routes });
    assert.equal((await cluster.open(1).unary({ text: "single" })).text, "single");
    await talk.exchange();
    await talk.end();
    assert.deepEqual(await cluster.ended, [0, null]);
    await using next = await startCluster("direct", { workers: 2, takeover: true }, socket);
    await single.closed;
    assert.notEqual(await next.answering(next.open(1)), process.pid);
  });

  it("refuses what cannot be meant", async () => {
    await assert.rejects(serveCluster({ socket: "m", workers: 0, routes: () => {} }), /workers must be a whole number/);
    await assert.rejects(serveCluster({ socket: "m", graceMs: -1, routes: () => {} }), /graceMs must be/);
  });
});
