import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Code, createClient } from "@connectrpc/connect";
import { createChannel, createIpcTransport, deadline, inherit, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, freshName, setUp } from "../support/engines.js";
import { all, failure, iterate, later, until } from "../support/expect.js";

leaveNothingBehind();

const hang = { hang: true };
const hangForGood = { hang: true, ignoreCancel: true };

describePairs("a deadline", (pair) => {
  it("ends a unary call that sets none, after the channel's default", async () => {
    await using t = await setUp(pair, {}, { timeoutMs: 40 });
    await failure(t.client.unary({ fault: hang }), Code.DeadlineExceeded);
    assert.equal((await t.client.unary({ text: "next" }, { timeoutMs: 10_000 })).text, "next");
  });

  it("is the call's own where it sets one", async () => {
    await using t = await setUp(pair, {}, { timeoutMs: 60_000 });
    await failure(t.client.unary({ fault: hang }, { timeoutMs: 30 }), Code.DeadlineExceeded);
    await using patient = await setUp(pair, {}, { timeoutMs: 1 });
    assert.equal((await patient.client.unary({ delayMs: 30 }, { timeoutMs: 10_000 })).index, 0);
  });

  it("has a default of 5 s for unary calls, and none for streams", async () => {
    await using t = await setUp(pair, {}, { timeoutMs: undefined });
    await t.client.unary({});
    const left = t.echo.last?.timeoutMs();
    assert.ok(left !== undefined && left > 1_000 && left <= 5_000, `${left}`);
    await all(t.client.serverStream({ count: 1 }));
    assert.equal(t.echo.last?.timeoutMs(), undefined);
  });

  it("can differ by service and by method, and has a ceiling", async () => {
    await using t = await setUp(
      pair,
      {},
      {
        methodTimeoutMs: { "vyra.test.EchoService": 90_000, "vyra.test.EchoService/ServerStream": 70_000 },
        timeoutCapMs: 80_000,
      },
    );
    const leftOf = async (call: Promise<unknown>) => {
      await call;
      return Math.ceil((t.echo.last?.timeoutMs() ?? 0) / 10_000) * 10_000;
    };
    assert.equal(await leftOf(t.client.unary({})), 80_000);
    assert.equal(await leftOf(all(t.client.serverStream({ count: 1 }))), 70_000);
    assert.equal(await leftOf(t.client.unary({}, { timeoutMs: 1_000_000 })), 80_000);
    assert.equal(await leftOf(t.client.unary({}, { timeoutMs: 60_000 })), 60_000);
  });

  it("refuses limits and names that cannot be meant", () => {
    assert.throws(() => deadline({ timeoutMs: 0 }), /timeoutMs must be more than 0 ms, not 0/);
    assert.throws(() => deadline({ timeoutCapMs: Number.NaN }), RangeError);
    assert.throws(() => deadline({ methodTimeoutMs: { "/a.B/C": 1 } }), /"\/a\.B\/C" is neither/);
    assert.throws(
      () => createChannel("x", { methodTimeoutMs: { "a.B": -1 } }),
      /methodTimeoutMs\["a\.B"\] must be more than 0/,
    );
  });

  it("is kept by the server even if the handler hangs and ignores its signal", async () => {
    await using t = await setUp(pair);
    // The client's own timer is off, so these calls would stay open for good if the server did not answer.
    const transport = createIpcTransport({
      socket: t.server.address,
      engine: pair.client,
      interceptors: [
        (next) => (req) => {
          req.header.set("grpc-timeout", "40m");
          return next(req);
        },
      ],
    });
    const client = createClient(EchoService, transport);
    const calls = [
      () => client.unary({ fault: hangForGood }),
      () => all(client.serverStream({ count: 1, fault: hangForGood })),
      () => client.clientStream(iterate([{ fault: hangForGood }])),
      () => all(client.bidiStream(iterate([{ fault: hangForGood }]))),
    ];
    for (const call of calls) {
      await failure(call(), Code.DeadlineExceeded);
    }
    await transport.close();
    assert.equal((await t.client.unary({ text: "next" })).text, "next");
  });

  it("ends a stream in the middle, and the handler is told", async () => {
    await using t = await setUp(pair);
    const got: number[] = [];
    const outcome = (async () => {
      for await (const { index } of t.client.serverStream(
        { count: 100, fault: { ...hang, after: 3 } },
        { timeoutMs: 1_000 }, // long enough for a busy machine to send the first three
      )) {
        got.push(index);
      }
    })();
    await failure(outcome, Code.DeadlineExceeded);
    assert.deepEqual(got, [0, 1, 2]);
    await until(() => t.echo.last?.signal.aborted === true, "the handler's signal");
  });

  it("can be an idle limit for streams, which messages put off", async () => {
    // Each pause is a quarter of the limit, and together they exceed it. On a busy machine pauses take longer, so the
    // test asks for longer ones.
    for (let streamIdleMs = 400; ; streamIdleMs *= 2) {
      await using t = await setUp(pair, {}, { streamIdleMs });
      const error = await failure(
        all(t.client.serverStream({ count: 9, fault: { ...hang, after: 1 } })),
        Code.DeadlineExceeded,
      );
      assert.match(error.message, new RegExp(`idle limit of ${streamIdleMs} ms`));
      try {
        assert.equal((await all(t.client.serverStream({ count: 6, delayMs: streamIdleMs / 4 }))).length, 6);
        return;
      } catch (early) {
        if (streamIdleMs > 10_000) {
          throw early;
        }
      }
    }
  });

  it("can be an idle limit that requests put off, and responses that are taken late", async () => {
    for (let streamIdleMs = 400; ; streamIdleMs *= 2) {
      await using t = await setUp(pair, {}, { streamIdleMs });
      async function* slowRequests() {
        for (let i = 0; i < 6; i++) {
          await delay(streamIdleMs / 4);
          yield {};
        }
      }
      try {
        await t.client.clientStream(slowRequests());
        let taken = 0;
        for await (const _ of t.client.serverStream({ count: 6 })) {
          taken++;
          await delay(streamIdleMs / 4);
        }
        assert.equal(taken, 6);
        return;
      } catch (early) {
        if (streamIdleMs > 10_000) {
          throw early;
        }
      }
    }
  });

  it("is refused by a server whose maxTimeoutMs it exceeds, as Connect documents", async () => {
    await using t = await setUp(pair, { maxTimeoutMs: 1_000 });
    await failure(t.client.unary({}, { timeoutMs: 2_000 }), Code.InvalidArgument);
    assert.equal((await t.client.unary({ text: "ok" }, { timeoutMs: 900 })).text, "ok");
  });

  it("is cut to its channel's timeoutCapMs", async () => {
    await using t = await setUp(pair, { maxTimeoutMs: 1_000 });
    const channel = createChannel(t.server.address, { engine: pair.client, timeoutCapMs: 900 });
    const client = channel.client(EchoService);
    assert.equal((await client.unary({ text: "ok" }, { timeoutMs: 2_000 })).text, "ok");
    assert.match(t.echo.last?.requestHeader.get("grpc-timeout") ?? "", /^(900|[1-8]?\d?\d)m$/);
    await channel.close();
  });
});

describe("inherit", () => {
  it("gives the calls of a handler what remains of its time, and its cancellation", async () => {
    const inner = await setUp({ client: "node", server: "node" });
    const done = later<unknown>();
    const outer = await serve({
      socket: freshName(),
      signals: false,
      routes: (router) =>
        router.rpc(EchoService.method.unary, async (_, context) => {
          const leftBefore = context.timeoutMs() ?? 0;
          await inner.client.unary({}, inherit(context));
          const innerLeft = Number.parseInt(inner.echo.last?.requestHeader.get("grpc-timeout") ?? "", 10);
          assert.ok(innerLeft <= Math.ceil(leftBefore), `${innerLeft} > ${leftBefore}`);
          inner.client.unary({ fault: hang }, inherit(context)).catch(done.resolve);
          return { text: String(innerLeft) };
        }),
    });
    const channel = createChannel(outer.address);
    const { text } = await channel.client(EchoService).unary({}, { timeoutMs: 30_000 });
    assert.ok(Number(text) <= 30_000 && Number(text) > 5_000, text);
    // The handler has returned, so its signal is aborted, and what it started is cancelled.
    await failure(Promise.reject(await done.promise), Code.Canceled);
    await channel.close();
    await outer.close();
    await inner[Symbol.asyncDispose]();
  });

  it("fails at once when the time is up", async () => {
    const t = await setUp({ client: "node", server: "node" });
    const context = { timeoutMs: () => 0, signal: new AbortController().signal };
    const options = inherit(context as Parameters<typeof inherit>[0]);
    await failure(t.client.unary({}, options), Code.DeadlineExceeded);
    assert.equal(t.echo.calls, 0);
    await t[Symbol.asyncDispose]();
  });
});
