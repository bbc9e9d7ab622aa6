import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Code, createClient, type Interceptor } from "@connectrpc/connect";
import { createChannel, createIpcTransport, deadline, retry, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { clientEngines, freshName, pathOf, serverEngines, setUp } from "../support/engines.js";
import { all, failure, iterate, later } from "../support/expect.js";
import { envelope, rawRequest, rawServer, rawSession, statusOf } from "../support/raw.js";

leaveNothingBehind();

/** The longest delay that Node.js' timers accept. They reduce a longer one to 1 ms. */
const most = 2 ** 31 - 1;
const long = [most, most + 1, 2 ** 40, Number.POSITIVE_INFINITY];

const passThrough: Interceptor = (next) => (req) => next(req);
const slow = { text: "slow", delayMs: 30, count: 1 };

for (const engine of clientEngines) {
  describe(`a time limit of 24 days and more, engine ${engine},`, () => {
    for (const timeoutMs of long) {
      it(`is a long one: ${timeoutMs} ms`, async () => {
        await using t = await setUp({ client: engine, server: "direct" });
        for (const interceptors of [[], [passThrough]]) {
          await using channel = createChannel(t.server.address, {
            engine,
            interceptors,
            timeoutMs,
            streamIdleMs: timeoutMs,
          });
          await using plain = createIpcTransport({ socket: t.server.address, engine, interceptors });
          for (const client of [channel.client(EchoService), createClient(EchoService, plain)]) {
            assert.equal((await client.unary(slow, { timeoutMs })).text, "slow");
            assert.equal((await all(client.serverStream(slow, { timeoutMs }))).length, 1);
            assert.equal((await all(client.bidiStream(iterate([slow]), { timeoutMs }))).length, 1);
          }
          assert.equal((await channel.client(EchoService).unary(slow)).text, "slow");
        }
      });
    }
  });

  it(`a keep-alive of 24 days and more is a rare one, engine ${engine}`, async () => {
    const name = freshName();
    const begun = later();
    let pings = 0;
    await using server = await rawServer(pathOf(name), () => begun.resolve());
    server.http2.on("session", (session) => session.on("ping", () => pings++));
    for (const keepAliveIntervalMs of long) {
      const options = { engine, keepAliveIntervalMs, keepAliveTimeoutMs: keepAliveIntervalMs };
      await using channel = createChannel(name, options);
      const abort = new AbortController();
      const call = channel.client(EchoService).unary({}, { signal: abort.signal });
      await begun.promise;
      await delay(20);
      abort.abort();
      await failure(call, Code.Canceled);
    }
    assert.equal(pings, 0);
  });
}

describe("a wait of 24 days and more", () => {
  for (const timeoutMs of long) {
    it(`for a server is a long one: ${timeoutMs} ms`, async () => {
      const name = freshName();
      await using channel = createChannel(name);
      const ready = channel.ready({ timeoutMs });
      await delay(20);
      await using _ = await serve({
        socket: name,
        signals: false,
        routes: (r) => r.service(EchoService, createEcho()),
      });
      await ready;
    });
  }

  for (const timeoutMs of long.filter(Number.isFinite)) {
    it(`before a call is repeated is a long one: ${timeoutMs} ms`, async () => {
      const name = freshName();
      const interceptors = [retry({ initialBackoffMs: timeoutMs, maxBackoffMs: timeoutMs })];
      await using channel = createChannel(name, { interceptors, timeoutMs: Number.POSITIVE_INFINITY });
      const abort = new AbortController();
      let isOver = false;
      const call = failure(channel.client(EchoService).unary({}, { signal: abort.signal }), Code.Canceled);
      void call.finally(() => {
        isOver = true;
      });
      await delay(20);
      await using _ = await serve({
        socket: name,
        signals: false,
        routes: (r) => r.service(EchoService, createEcho()),
      });
      await delay(20);
      assert.equal(isOver, false);
      abort.abort();
      await call;
    });
  }
});

for (const server of serverEngines) {
  it(`the ${server} server takes the longest grpc-timeout there is for a long one`, async () => {
    await using t = await setUp({ client: "direct", server });
    const session = rawSession(pathOf(t.server.address));
    const path = { ":path": "/vyra.test.EchoService/ClientStream" };
    for (const timeout of ["2147484S", "99999999H"]) {
      assert.equal(
        statusOf(await rawRequest(session, { ...path, "grpc-timeout": timeout }, envelope(new Uint8Array()))),
        0,
      );
    }
    session.destroy();
  });
}

it("what is no time is refused", () => {
  for (const ms of [Number.NaN, -1, "5" as unknown as number]) {
    assert.throws(() => createChannel("m", { timeoutMs: ms }), RangeError);
    assert.throws(() => createChannel("m", { keepAliveIntervalMs: ms }), RangeError);
    assert.throws(() => createChannel("m", { keepAliveTimeoutMs: ms }), RangeError);
    assert.throws(() => deadline({ streamIdleMs: ms }), RangeError);
    assert.throws(() => deadline({ timeoutCapMs: ms }), RangeError);
    assert.throws(() => deadline({ methodTimeoutMs: { "a.B/c": ms } }), RangeError);
  }
});
