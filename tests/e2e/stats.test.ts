import assert from "node:assert/strict";
import { connect } from "node:net";
import { it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { type CallStats, createChannel, type MethodStats, retry } from "@vyra/ipc";
import { StatsService } from "@vyra/ipc/proto";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, pathOf, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";
import { rawRequest, rawSession } from "../support/raw.js";

leaveNothingBehind();

function of(stats: CallStats, method: string): MethodStats | undefined {
  return stats.methods[`vyra.test.EchoService/${method}`];
}

describePairs("stats", (pair) => {
  it("counts the calls of each method by how they ended, on both sides, without having been asked before", async () => {
    await using t = await setUp(pair);
    await t.client.unary({});
    await t.client.unary({});
    await failure(t.client.unary({ fault: { code: Code.NotFound } }), Code.NotFound);
    await failure(t.client.unary({ fault: { crash: true } }), Code.Internal);
    await all(t.client.serverStream({ count: 3 }));
    await failure(all(t.client.bidiStream(iterate([{ fault: { code: Code.Aborted } }]))), Code.Aborted);
    await t.client.clientStream(iterate([{}, {}]));
    await until(() => t.server.stats().inFlight === 0, "the server has ended all");
    for (const stats of [t.server.stats(), t.channel.stats()]) {
      assert.equal(stats.inFlight, 0);
      assert.deepEqual(of(stats, "Unary"), {
        started: 4,
        inFlight: 0,
        ended: { OK: 2, NOT_FOUND: 1, INTERNAL: 1 },
        latency: undefined,
      });
      assert.deepEqual(of(stats, "ServerStream")?.ended, { OK: 1 });
      assert.deepEqual(of(stats, "BidiStream")?.ended, { ABORTED: 1 });
      assert.deepEqual(of(stats, "ClientStream")?.ended, { OK: 1 });
      assert.equal(of(stats, "UnaryIdempotent"), undefined);
    }
  });

  it("times calls that start after it was asked for the first time", async () => {
    await using t = await setUp(pair);
    await t.client.unary({});
    t.server.stats();
    t.channel.stats();
    for (let i = 0; i < 10; i++) {
      await t.client.unary({ delayMs: i });
    }
    await until(() => t.server.stats().inFlight === 0, "the server has ended all");
    for (const stats of [t.server.stats(), t.channel.stats()]) {
      const { started, latency } = of(stats, "Unary") ?? {};
      assert.equal(started, 11);
      assert.ok(latency);
      assert.equal(latency.count, 10);
      assert.equal(
        latency.buckets.reduce((sum, { count }) => sum + count, 0),
        10,
      );
      const { p50Ms, p90Ms, p99Ms, maxMs, meanMs } = latency;
      assert.ok(p50Ms > 0 && p50Ms <= p90Ms && p90Ms <= p99Ms && p99Ms <= maxMs, JSON.stringify(latency));
      assert.ok(meanMs > 0 && meanMs <= maxMs);
    }
  });

  it("knows the calls in flight, and how those end that nobody waits for", async () => {
    await using t = await setUp(pair);
    const stop = new AbortController();
    const hanging = [
      failure(t.client.unary({ fault: { hang: true } }, { signal: stop.signal }), Code.Canceled),
      failure(all(t.client.serverStream({ count: 1, fault: { hang: true } }, { signal: stop.signal })), Code.Canceled),
    ];
    await until(() => t.echo.calls === 2, "all have begun");
    assert.equal(t.channel.stats().inFlight, 2);
    assert.equal(t.server.stats().inFlight, 2);
    stop.abort();
    await Promise.all(hanging);
    const hangForGood = { fault: { hang: true, ignoreCancel: true } };
    await failure(t.client.unaryIdempotent(hangForGood, { timeoutMs: 30 }), Code.DeadlineExceeded);
    await until(() => t.server.stats().inFlight === 0, "the server has ended all");
    for (const stats of [t.server.stats(), t.channel.stats()]) {
      assert.equal(stats.inFlight, 0);
      assert.deepEqual(of(stats, "Unary")?.ended, { CANCELLED: 1 });
      assert.deepEqual(of(stats, "ServerStream")?.ended, { CANCELLED: 1 });
    }
    assert.deepEqual(of(t.channel.stats(), "UnaryIdempotent")?.ended, { DEADLINE_EXCEEDED: 1 });
  });

  it("counts what never reached a server, and each attempt that is made", async () => {
    await using t = await setUp(
      pair,
      {
        routes: (router) =>
          router.service(EchoService, {
            unaryIdempotent() {
              throw new ConnectError("not now", Code.Unavailable);
            },
          }),
      },
      { interceptors: [retry({ initialBackoffMs: 1, maxAttempts: 3 })] },
    );
    await failure(t.client.unaryIdempotent({}), Code.Unavailable);
    assert.deepEqual(of(t.channel.stats(), "UnaryIdempotent")?.ended, { UNAVAILABLE: 3 });
    assert.deepEqual(of(t.server.stats(), "UnaryIdempotent")?.ended, { UNAVAILABLE: 3 });
    const nobody = createChannel(`${t.server.address}.not`, { engine: pair.client });
    await failure(nobody.client(EchoService).unary({}), Code.Unavailable);
    assert.deepEqual(of(nobody.stats(), "Unary")?.ended, { UNAVAILABLE: 1 });
    assert.equal(nobody.stats().connections, 0);
    await nobody.close();
  });

  it("knows the connections, those that say nothing as well", async () => {
    await using t = await setUp(pair, {}, { connections: 2 });
    assert.equal(t.channel.stats().connections, 0);
    await t.channel.ready();
    assert.equal(t.channel.stats().connections, 2);
    const silent = connect(pathOf(t.server.address));
    await until(() => t.server.stats().connections === 3, "all are there");
    silent.destroy();
    await t.channel.close();
    assert.equal(t.channel.stats().connections, 0);
    await until(() => t.server.stats().connections === 0, "all are gone");
    assert.equal(t.server.stats().acceptedConnections, 3);
    assert.ok(t.server.stats().uptimeMs > 0);
  });

  it("counts calls that come by other protocols", async () => {
    await using t = await setUp(pair);
    const session = rawSession(pathOf(t.server.address));
    const json = { "content-type": "application/json" };
    await rawRequest(session, { ...json, ":path": "/vyra.test.EchoService/Unary" }, Buffer.from("{}"));
    const fault = Buffer.from(JSON.stringify({ fault: { code: Code.NotFound } }));
    await rawRequest(session, { ...json, ":path": "/vyra.test.EchoService/Unary" }, fault);
    session.destroy();
    assert.deepEqual(of(t.server.stats(), "Unary")?.ended, { OK: 1, NOT_FOUND: 1 });
  });

  it("is told to others by vyra.ipc.StatsService, unless switched off", async () => {
    await using t = await setUp(pair);
    const { getStats } = t.channel.client(StatsService);
    await getStats({});
    await t.client.unary({});
    await failure(t.client.unary({ fault: { code: Code.NotFound } }), Code.NotFound);
    const stats = await getStats({});
    assert.equal(stats.openConnections, 1n);
    assert.equal(stats.acceptedConnections, 1n);
    assert.equal(stats.memory?.limitBytes, pair.server === "direct" ? 536_870_912n : undefined);
    const [unary, ...others] = stats.methods;
    assert.deepEqual(others, []);
    assert.equal(unary?.method, "vyra.test.EchoService/Unary");
    assert.deepEqual(unary.ended, { 0: 1n, 5: 1n });
    assert.equal(unary.inProgress, 0n);
    const { counts = [], boundsMs = [] } = unary.latency ?? {};
    assert.equal(counts.length, boundsMs.length + 1);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0n),
      2n,
    );
    assert.ok((unary.latency?.sumMs ?? 0) > 0);

    await using off = await setUp(pair, { stats: false });
    await failure(off.channel.client(StatsService).getStats({}), Code.Unimplemented);
    assert.equal(off.server.stats().connections, 1);
  });
});
