import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { leaveNothingBehind } from "../support/clean.js";
import { conversation, startCluster } from "../support/cluster.js";
import { serverEngines } from "../support/engines.js";
import { failure } from "../support/expect.js";
import { envelope, rawRequest, rawSession, statusOf } from "../support/raw.js";

leaveNothingBehind();

for (const engine of serverEngines) {
  describe(`a cluster, ${engine}`, () => {
    it("gives a client's connections to its workers in equal parts, who see who it is", async () => {
      await using cluster = await startCluster(engine, { workers: 3 });
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
      await using cluster = await startCluster(engine, { workers: 2 });
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
      await using cluster = await startCluster(engine, { workers: 2 });
      const client = cluster.open(2);
      const victim = await cluster.answering(client);
      let isOver = false;
      const callers = Array.from({ length: 16 }, async () => {
        const errors: unknown[] = [];
        while (!isOver) {
          await client.unary({ delayMs: 5 }).catch((error: unknown) => errors.push(error));
        }
        return errors;
      });
      process.kill(victim, "SIGKILL");
      await cluster.line();
      await cluster.untilThereAre(2);
      isOver = true;
      const failures = await Promise.all(callers);
      // Each worker had one call in flight at that moment.
      assert.ok(failures.every((errors) => errors.length <= 1));
      assert.ok(failures.flat().every((error) => error instanceof ConnectError && error.code === Code.Unavailable));
    });

    it("replaces all workers under 32 calls in flight without losing one", async () => {
      await using cluster = await startCluster(engine, { workers: 2 });
      const client = cluster.open(4);
      const before = await cluster.workers();
      let isOver = false;
      let answered = 0;
      const callers = Array.from({ length: 32 }, async () => {
        while (!isOver) {
          await client.unary({ delayMs: 5 });
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
      await using cluster = await startCluster(engine, { workers: 1 });
      const socket = connect({ path: cluster.path });
      await once(socket, "connect");
      await cluster.untilConnected();
      assert.equal(await cluster.ask("restart"), "restarted");
      const session = rawSession(cluster.path, socket);
      const answer = await rawRequest(session, { ":path": "/vyra.test.EchoService/Unary" }, envelope(new Uint8Array()));
      assert.equal(statusOf(answer), 0);
      session.destroy();
    });
  });
}
