import assert from "node:assert/strict";
import { it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { credentials } from "@grpc/grpc-js";
import { createChannel, type ServeOptions, serve } from "@vyra/ipc";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@vyra/ipc/health";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { describePairs, freshName, pathOf, setUp } from "../support/engines.js";
import { failure, timedOut, until } from "../support/expect.js";
import { grpcJsClient } from "../support/grpc-js.js";
import { rawRequest, rawSession } from "../support/raw.js";

leaveNothingBehind();

const echoName = EchoService.typeName;
const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = ServingStatus;

describePairs("health", (pair) => {
  const healthOf = (t: { channel: ReturnType<typeof createChannel> }) => t.channel.client(Health);
  const serveAt = (socket: string, options: Partial<ServeOptions> = {}) =>
    serve({
      socket,
      engine: pair.server,
      signals: false,
      routes: (router) => router.service(EchoService, createEcho()),
      ...options,
    });

  /** Watches a service, and records each status. */
  function watching(t: Parameters<typeof healthOf>[0], service: string, signal?: AbortSignal) {
    const seen: ServingStatus[] = [];
    const ended = (async () => {
      for await (const { status } of healthOf(t).watch({ service }, signal ? { signal } : {})) {
        seen.push(status);
      }
    })();
    return { seen, ended, next: (count: number) => until(() => seen.length >= count, `${count} of ${service}`) };
  }

  it("says of the server and of each service that they are serving, without being told", async () => {
    await using t = await setUp(pair);
    const client = healthOf(t);
    assert.equal((await client.check({})).status, SERVING);
    assert.equal((await client.check({ service: echoName })).status, SERVING);
    const { statuses } = await client.list({});
    assert.deepEqual(
      Object.entries(statuses).map(([name, { status }]) => [name, status]),
      [
        ["", SERVING],
        [echoName, SERVING],
      ],
    );
  });

  it("says what the server's code says, each service on its own", async () => {
    await using t = await setUp(pair);
    const { health } = t.server;
    const client = healthOf(t);
    health.set(echoName, "NOT_SERVING");
    assert.equal((await client.check({ service: echoName })).status, NOT_SERVING);
    assert.equal((await client.check({})).status, SERVING);
    health.set("", "NOT_SERVING");
    health.set(echoName, "SERVING");
    health.set("camera", "NOT_SERVING");
    const { statuses } = await client.list({});
    assert.deepEqual(
      ["", echoName, "camera"].map((name) => statuses[name]?.status),
      [NOT_SERVING, SERVING, NOT_SERVING],
    );
    assert.equal(health.get("camera"), "NOT_SERVING");
    assert.equal(health.get("no.such.Service"), undefined);
    assert.throws(() => health.set("", "FINE" as never), /"SERVING" or "NOT_SERVING", not "FINE"/);
  });

  it("fails Check of an unknown service with NotFound", async () => {
    await using t = await setUp(pair);
    const error = await failure(healthOf(t).check({ service: "no.such.Service" }), Code.NotFound);
    assert.match(error.message, /"no\.such\.Service"/);
  });

  it("tells those who watch at once and whenever it changes, and not when it does not", async () => {
    await using t = await setUp(pair);
    const { health } = t.server;
    const stop = new AbortController();
    const one = watching(t, echoName, stop.signal);
    const other = watching(t, "", stop.signal);
    await Promise.all([one.next(1), other.next(1)]);
    health.set(echoName, "SERVING");
    health.set(echoName, "NOT_SERVING");
    await one.next(2);
    health.set(echoName, "NOT_SERVING");
    health.set("", "NOT_SERVING");
    await other.next(2);
    health.set(echoName, "SERVING");
    await one.next(3);
    stop.abort();
    await Promise.all([failure(one.ended, Code.Canceled), failure(other.ended, Code.Canceled)]);
    assert.deepEqual(one.seen, [SERVING, NOT_SERVING, SERVING]);
    assert.deepEqual(other.seen, [SERVING, NOT_SERVING]);
    assert.deepEqual(t.reported, []);
  });

  it("lets a service be watched before anybody knows it", async () => {
    await using t = await setUp(pair);
    const stop = new AbortController();
    const { seen, ended, next } = watching(t, "later", stop.signal);
    await next(1);
    t.server.health.set("later", "SERVING");
    await next(2);
    stop.abort();
    await failure(ended, Code.Canceled);
    assert.deepEqual(seen, [SERVICE_UNKNOWN, SERVING]);
  });

  it("tells those who watch that the server closes, and does not wait for them", async () => {
    await using t = await setUp(pair, { graceMs: 3_600_000 });
    const watched = ["", echoName, "no.such.Service"].map((service) => watching(t, service));
    await Promise.all(watched.map(({ next }) => next(1)));
    const busy = t.client.unary({ delayMs: 30 });
    await until(() => t.echo.calls === 1, "the call has begun");
    const closed = t.server.close();
    await Promise.all(watched.map(({ ended }) => ended));
    assert.deepEqual(
      watched.map(({ seen }) => seen),
      [[SERVING, NOT_SERVING], [SERVING, NOT_SERVING], [SERVICE_UNKNOWN]],
    );
    t.server.health.set("", "SERVING");
    assert.equal(t.server.health.get(""), "NOT_SERVING");
    await busy;
    await closed;
  });

  it("is not there when switched off", async () => {
    await using t = await setUp(pair, { health: false });
    await failure(healthOf(t).check({}), Code.Unimplemented);
    const error = await failure(t.channel.ready({ healthy: true }), Code.Unimplemented);
    assert.match(error.message, /the server at \/.* has no grpc\.health\.v1\.Health/);
    t.server.health.set("", "NOT_SERVING"); // says it to nobody
    await t.channel.ready();
  });

  it("gives way to a health service of the user's", async () => {
    await using t = await setUp(pair, {
      routes: (router) => router.service(Health, { check: () => ({ status: NOT_SERVING }) }),
    });
    assert.equal((await healthOf(t).check({})).status, NOT_SERVING);
    await failure(healthOf(t).list({}), Code.Unimplemented);
  });

  it("is guarded by the server's interceptors like any other service", async () => {
    await using t = await setUp(pair, {
      interceptors: [
        () => () => {
          throw new ConnectError("who are you?", Code.Unauthenticated);
        },
      ],
    });
    await failure(healthOf(t).check({}), Code.Unauthenticated);
    await failure(t.channel.ready({ healthy: true }), Code.Unauthenticated);
  });

  it("speaks the protocols that the others speak", async () => {
    await using t = await setUp(pair);
    const session = rawSession(pathOf(t.server.address));
    const path = "/grpc.health.v1.Health/Check";
    const request = Buffer.from(JSON.stringify({ service: echoName }));
    const { body } = await rawRequest(session, { ":path": path, "content-type": "application/json" }, request);
    assert.deepEqual(JSON.parse(body.toString()), { status: "SERVING" });
    session.destroy();
  });

  it("is understood by grpc-js", async () => {
    await using t = await setUp(pair);
    const Client = grpcJsClient("health", "v1", "Health");
    const client = new Client(t.server.address, credentials.createInsecure());
    const call = client.watch?.({ service: "camera" });
    const ended = new Promise<{ code: number }>((resolve) => call?.on("status", resolve));
    const seen: string[] = [];
    call?.on("data", ({ status }: { status: string }) => {
      seen.push(status);
      if (status === "SERVICE_UNKNOWN") {
        t.server.health.set("camera", "SERVING");
      } else if (status === "SERVING") {
        client.check?.({ service: "camera" }, (_: unknown, answer: { status: string }) => {
          seen.push(`check ${answer.status}`);
          void t.server.close();
        });
      }
    });
    assert.equal((await ended).code, 0);
    assert.deepEqual(seen, ["SERVICE_UNKNOWN", "SERVING", "check SERVING", "NOT_SERVING"]);
    client.close();
  });

  it("lets a channel wait until the server, or a service, is healthy", async () => {
    await using t = await setUp(pair);
    await t.channel.ready({ healthy: true });
    t.server.health.set(echoName, "NOT_SERVING");
    await t.channel.ready({ healthy: true });
    let isHealthy = false;
    const ready = t.channel.ready({ healthy: echoName, timeoutMs: 60_000 }).then(() => {
      isHealthy = true;
    });
    await timedOut((timeoutMs) => t.channel.ready({ healthy: echoName, timeoutMs }), Code.Unavailable);
    assert.ok(!isHealthy);
    t.server.health.set(echoName, "SERVING");
    await ready;
  });

  it("lets a channel wait for a server that is not there yet, that closes, and that comes back", async () => {
    const name = freshName();
    const channel = createChannel(name, { engine: pair.client });
    const ready = channel.ready({ healthy: echoName });
    const first = await serveAt(name, { routes: () => {} });
    await channel.ready({ healthy: true });
    const { statuses } = await channel.client(Health).list({});
    assert.deepEqual(Object.keys(statuses), [""]);
    await first.close();
    const second = await serveAt(name);
    await ready;
    await second.close();
    const gone = await timedOut((timeoutMs) => channel.ready({ healthy: true, timeoutMs }), Code.Unavailable);
    assert.match(gone.message, /no server at/);
    const waiting = failure(channel.ready({ healthy: true }), Code.Canceled);
    const stop = new AbortController();
    const told = failure(channel.ready({ healthy: true, signal: stop.signal }), Code.Canceled);
    stop.abort();
    await told;
    await channel.close();
    await waiting;
  });

  it("says how an unhealthy server is when the time is over", async () => {
    await using t = await setUp(pair);
    t.server.health.set("", "NOT_SERVING");
    const server = await timedOut((timeoutMs) => t.channel.ready({ healthy: true, timeoutMs }), Code.Unavailable);
    assert.equal(server.rawMessage, `the server at ${pathOf(t.server.address)} is NOT_SERVING`);
    const service = await timedOut((timeoutMs) => t.channel.ready({ healthy: "a.B", timeoutMs }), Code.Unavailable);
    assert.equal(service.rawMessage, `a.B at ${pathOf(t.server.address)} is SERVICE_UNKNOWN`);
  });
});
