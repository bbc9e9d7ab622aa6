import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError, type HandlerContext, type Interceptor } from "@connectrpc/connect";
import { createChannel, NotProcessedError, type RetryOptions, retry } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, freshName, pathOf, setUp } from "../support/engines.js";
import { failure, iterate, until } from "../support/expect.js";
import { rawServer } from "../support/raw.js";

leaveNothingBehind();

const quick = { initialBackoffMs: 1, maxBackoffMs: 2 };

describePairs("retry", (pair) => {
  /** A server whose methods fail with the given errors, one for each call, and then succeed. */
  async function failing(errors: ConnectError[], options: RetryOptions = {}, others: Interceptor[] = []) {
    const contexts: HandlerContext[] = [];
    const answer = (text: string, context: HandlerContext) => {
      const error = errors[contexts.length];
      contexts.push(context);
      if (error !== undefined) {
        throw error;
      }
      return { text };
    };
    const t = await setUp(
      pair,
      {
        routes: (router) =>
          router.service(EchoService, {
            unary: ({ text }, context) => answer(text, context),
            unaryIdempotent: ({ text }, context) => answer(text, context),
            unaryNoSideEffects: ({ text }, context) => answer(text, context),
            async clientStream(requests, context) {
              const texts: string[] = [];
              for await (const { text } of requests) {
                texts.push(text);
              }
              return answer(texts.join(""), context);
            },
            async *serverStream({ text }, context) {
              yield answer(text, context);
              throw new ConnectError("in the middle", Code.Unavailable);
            },
          }),
      },
      { interceptors: [retry({ ...quick, ...options }), ...others] },
    );
    return { ...t, contexts, [Symbol.asyncDispose]: () => t[Symbol.asyncDispose]() };
  }

  const unavailable = (metadata?: Record<string, string>) => new ConnectError("not now", Code.Unavailable, metadata);
  const times = (n: number, metadata?: Record<string, string>) =>
    Array.from({ length: n }, () => unavailable(metadata));

  it("repeats what proto says is safe to repeat, and tells the server which attempt it is", async () => {
    for (const method of ["unaryIdempotent", "unaryNoSideEffects"] as const) {
      await using t = await failing(times(3));
      assert.equal((await t.client[method]({ text: "at last" })).text, "at last");
      assert.deepEqual(
        t.contexts.map((c) => c.requestHeader.get("grpc-previous-rpc-attempts")),
        [null, "1", "2", "3"],
      );
    }
  });

  it("does not repeat what may have been done", async () => {
    await using t = await failing(times(1));
    await failure(t.client.unary({}), Code.Unavailable);
    assert.equal(t.contexts.length, 1);
  });

  it("repeats by name what its policy names, and not what it forbids", async () => {
    await using t = await failing(times(2), {
      methods: { "vyra.test.EchoService/Unary": {}, "vyra.test.EchoService": false },
    });
    assert.equal((await t.client.unary({ text: "named" })).text, "named");
    assert.equal(t.contexts.length, 3);
    await using forbidden = await failing(times(1), { methods: { "vyra.test.EchoService": false } });
    await failure(forbidden.client.unaryIdempotent({}), Code.Unavailable);
  });

  it("gives up after as many attempts as allowed, with the last error", async () => {
    await using t = await failing(times(9), { maxAttempts: 3 });
    await failure(t.client.unaryIdempotent({}), Code.Unavailable);
    assert.equal(t.contexts.length, 3);
  });

  it("repeats only after the codes that it names", async () => {
    const errors = [new ConnectError("busy", Code.Aborted), unavailable(), new ConnectError("no", Code.NotFound)];
    await using t = await failing(errors, { retryableCodes: [Code.Unavailable, Code.Aborted] });
    await failure(t.client.unaryIdempotent({}), Code.NotFound);
    assert.equal(t.contexts.length, 3);
  });

  it("comes back when the server says, and not at all if it says so", async () => {
    await using t = await failing(times(1, { "grpc-retry-pushback-ms": "30" }), {
      initialBackoffMs: 60_000,
      maxBackoffMs: 60_000,
    });
    const before = performance.now();
    await t.client.unaryIdempotent({});
    assert.ok(performance.now() - before >= 29);
    for (const pushback of ["-1", "soon", ""]) {
      await using never = await failing(times(1, { "grpc-retry-pushback-ms": pushback }));
      await failure(never.client.unaryIdempotent({}), Code.Unavailable);
      assert.equal(never.contexts.length, 1, pushback);
    }
  });

  it("stops asking a server in trouble when the budget is half spent, until calls succeed again", async () => {
    const errors = times(7);
    await using t = await failing(errors, { maxTokens: 8, tokenRatio: 2, maxAttempts: 4 });
    await failure(t.client.unaryIdempotent({}), Code.Unavailable); // 8 tokens: attempts 1 to 4
    assert.equal(t.contexts.length, 4);
    for (let i = 0; i < 3; i++) {
      await failure(t.client.unaryIdempotent({}), Code.Unavailable); // half or less is left: one attempt each
    }
    assert.equal(t.contexts.length, 7);
    for (let i = 0; i < 4; i++) {
      await t.client.unaryIdempotent({}); // succeeds, and pays in
    }
    errors[11] = unavailable();
    assert.equal((await t.client.unaryIdempotent({ text: "again" })).text, "again");
    assert.equal(t.contexts.length, 13);
  });

  it("never outlives the deadline, and sends each attempt what remains of it", async () => {
    await using t = await failing(times(1), { initialBackoffMs: 100, maxBackoffMs: 100 });
    await t.client.unaryIdempotent({}, { timeoutMs: 60_000 });
    const [first = 0, second = 0] = t.contexts.map((c) =>
      Number.parseInt(c.requestHeader.get("grpc-timeout") ?? "", 10),
    );
    assert.ok(first <= 60_000 && second <= first - 79 && second > 30_000, `${first}, ${second}`);

    await using short = await failing(times(9), { initialBackoffMs: 60_000, maxBackoffMs: 60_000 });
    await failure(short.client.unaryIdempotent({}, { timeoutMs: 10_000 }), Code.Unavailable);
    assert.equal(short.contexts.length, 1);
  });

  it("ends with the call's cancellation, also between two attempts", async () => {
    const controller = new AbortController();
    await using t = await failing(times(9), { initialBackoffMs: 60_000, maxBackoffMs: 60_000 });
    const outcome = failure(
      t.channel.client(EchoService).unaryIdempotent({}, { signal: controller.signal, timeoutMs: 3_600_000 }),
      Code.Canceled,
    );
    await until(() => t.contexts.length === 1, "the first attempt");
    controller.abort();
    await outcome;
  });

  it("gives interceptors further in a request of their own each time", async () => {
    const appender: Interceptor = (next) => (req) => {
      req.header.append("echo-once", "x");
      return next(req);
    };
    await using t = await failing(times(2), {}, [appender]);
    await t.client.unaryIdempotent({});
    assert.deepEqual(
      t.contexts.map((c) => c.requestHeader.get("echo-once")),
      ["x", "x", "x"],
    );
  });

  it("repeats a stream of requests from its first on", async () => {
    const source = iterate(["a", "b", "c"].map((text) => ({ text })));
    await using t = await failing([], { methods: { "vyra.test.EchoService": {} } });
    assert.equal((await t.client.clientStream(source)).text, "abc");
  });

  it("does not repeat a stream that the server has begun to answer", async () => {
    await using t = await failing([], { methods: { "vyra.test.EchoService": {} } });
    const got: string[] = [];
    const outcome = (async () => {
      for await (const { text } of t.client.serverStream({ text: "one" })) {
        got.push(text);
      }
    })();
    await failure(outcome, Code.Unavailable);
    assert.deepEqual(got, ["one"]);
    assert.equal(t.contexts.length, 1);
  });

  it("waits for a server that is not there yet, whatever the method does: nothing was processed", async () => {
    const name = freshName();
    const channel = createChannel(name, {
      engine: pair.client,
      interceptors: [retry({ maxAttempts: 1_000, initialBackoffMs: 2, maxBackoffMs: 5 })],
    });
    const call = channel.client(EchoService).unary({ text: "early" });
    const stream = channel.client(EchoService).clientStream(iterate(["a", "b"].map((text) => ({ text }))));
    await failure(createChannel(name).client(EchoService).unary({}), Code.Unavailable);
    await using t = await setUp(pair, { socket: name });
    assert.equal((await call).text, "early");
    assert.equal((await stream).text, "ab");
    assert.equal(t.echo.calls, 2);
    await channel.close();
  });

  it("repeats what a server refused, streams with what they have sent so far included, up to a cap", async () => {
    const name = freshName();
    let refusals = 0;
    await using server = await rawServer(pathOf(name), (stream) => {
      if (refusals++ < 2) {
        stream.close(7); // REFUSED_STREAM
      } else {
        stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
      }
    });
    assert.ok(server.http2.listening);
    const channel = createChannel(name, {
      engine: pair.client,
      interceptors: [retry({ ...quick, maxBufferBytes: 1_000 })],
    });
    await failure(channel.client(EchoService).unary({}), Code.NotFound);
    assert.equal(refusals, 3);
    refusals = 0;
    await failure(channel.client(EchoService).clientStream(iterate([{ text: "small" }])), Code.NotFound);
    assert.equal(refusals, 3);
    refusals = 0;
    const large = { payload: new Uint8Array(2_000) };
    const error = await failure(channel.client(EchoService).clientStream(iterate([large])), Code.Unavailable);
    assert.ok(error.cause instanceof NotProcessedError);
    assert.equal(refusals, 1);
    await channel.close();
  });

  it("counts what an empty request costs to keep", async () => {
    const name = freshName();
    let refusals = 0;
    await using server = await rawServer(pathOf(name), (stream) => {
      stream.resume().once("end", () => {
        refusals++;
        stream.close(7); // REFUSED_STREAM, when all requests have come
      });
    });
    assert.ok(server.http2.listening);
    const channel = createChannel(name, {
      engine: pair.client,
      interceptors: [retry({ ...quick, maxBufferBytes: 1_000 })],
    });
    await failure(channel.client(EchoService).clientStream(iterate(new Array(20).fill({}))), Code.Unavailable);
    assert.equal(refusals, 1);
    await channel.close();
  });
});

describe("retry()", () => {
  it("refuses what cannot be meant", () => {
    assert.throws(() => retry({ maxAttempts: 0 }), /maxAttempts must be more than 0, not 0/);
    assert.throws(() => retry({ tokenRatio: -1 }), RangeError);
    assert.throws(() => retry({ methods: { "/a.B/C": {} } }), /"\/a\.B\/C" is neither/);
    assert.throws(() => retry({ methods: { "a.B": { backoffMultiplier: Number.NaN } } }), RangeError);
  });
});
