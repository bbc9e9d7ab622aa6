import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextKey, createContextValues, type Interceptor } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { EchoService, ErrorDetailSchema } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, setUp } from "../support/engines.js";
import { all, failure, iterate } from "../support/expect.js";

leaveNothingBehind();

describePairs("a call", (pair) => {
  it("answers one message with one", async () => {
    await using t = await setUp(pair);
    const response = await t.client.unary({ text: "hello", payload: new Uint8Array([1, 2, 3]) });
    assert.equal(response.text, "hello");
    assert.deepEqual([...response.payload], [1, 2, 3]);
  });

  it("streams responses", async () => {
    await using t = await setUp(pair);
    const responses = await all(t.client.serverStream({ text: "x", count: 100 }));
    assert.deepEqual(
      responses.map((r) => r.index),
      Array.from({ length: 100 }, (_, i) => i),
    );
    assert.deepEqual(await all(t.client.serverStream({ count: 0 })), []);
  });

  it("streams requests", async () => {
    await using t = await setUp(pair);
    const texts = Array.from({ length: 100 }, (_, i) => String(i));
    const response = await t.client.clientStream(iterate(texts.map((text) => ({ text }))));
    assert.equal(response.text, texts.join(""));
    assert.equal(response.index, 100);
    assert.equal((await t.client.clientStream(iterate([]))).index, 0);
  });

  it("streams both ways, each answer before the next question", async () => {
    await using t = await setUp(pair);
    const answers: string[] = [];
    let asked = 0;
    async function* questions() {
      for (; asked < 20; ) {
        assert.equal(answers.length, asked);
        yield { text: `q${asked++}` };
        while (answers.length < asked) {
          await new Promise(setImmediate);
        }
      }
    }
    for await (const { text } of t.client.bidiStream(questions())) {
      answers.push(text);
    }
    assert.equal(answers.length, 20);
    assert.equal(answers[19], "q19");
  });

  it("carries empty messages and ones of several megabytes", async () => {
    await using t = await setUp(pair);
    assert.equal((await t.client.unary({})).text, "");
    const payload = new Uint8Array(4 * 1024 * 1024).map((_, i) => i);
    const response = await t.client.unary({ payload });
    assert.ok(Buffer.from(payload.buffer).equals(response.payload));
    const [streamed] = await all(t.client.bidiStream(iterate([{ payload }])));
    assert.ok(streamed && Buffer.from(payload.buffer).equals(streamed.payload));
  });

  it("keeps many calls at once apart", async () => {
    await using t = await setUp(pair);
    const texts = Array.from({ length: 250 }, (_, i) => `call ${i}`);
    const responses = await Promise.all(texts.map((text, i) => t.client.unary({ text, delayMs: i % 3 })));
    assert.deepEqual(
      responses.map((r) => r.text),
      texts,
    );
  });

  it("carries metadata both ways, repeated and binary", async () => {
    await using t = await setUp(pair);
    const headers = new Headers({ "echo-text": "plain", "echo-bin": "AAEC_w" });
    headers.append("echo-many", "one");
    headers.append("echo-many", "two");
    let header = new Headers();
    let trailer = new Headers();
    await t.client.unary(
      { text: "x" },
      {
        headers,
        onHeader: (h) => {
          header = h;
        },
        onTrailer: (h) => {
          trailer = h;
        },
      },
    );
    assert.equal(header.get("echo-text"), "plain");
    assert.equal(header.get("echo-many"), "one, two");
    assert.equal(trailer.get("trailing-echo-bin"), header.get("echo-bin"));
    assert.equal(trailer.get("trailing-echo-text"), "plain");
  });

  it("fails with what the caller's own onHeader or onTrailer throws", async () => {
    await using t = await setUp(pair);
    const throws = () => {
      throw new TypeError("mine");
    };
    await assert.rejects(t.client.unary({}, { onHeader: throws }), { name: "TypeError", message: "mine" });
    await assert.rejects(t.client.unary({}, { onTrailer: throws }), { name: "TypeError", message: "mine" });
    assert.equal((await t.client.unary({ text: "still there" })).text, "still there");
  });

  it("carries the metadata of streams, headers before the first message", async () => {
    await using t = await setUp(pair);
    const seen: string[] = [];
    const options = {
      headers: { "echo-text": "plain" },
      onHeader: (h: Headers) => seen.push(`header ${h.get("echo-text")}`),
      onTrailer: (h: Headers) => seen.push(`trailer ${h.get("trailing-echo-text")}`),
    };
    for await (const { index } of t.client.serverStream({ count: 2 }, options)) {
      seen.push(`message ${index}`);
    }
    assert.deepEqual(seen, ["header plain", "message 0", "message 1", "trailer plain"]);
  });

  it("carries errors with code, message, metadata and details", async () => {
    await using t = await setUp(pair);
    const fault = { code: Code.FailedPrecondition, message: "größer als 100 %", detail: { reason: "why" } };
    const outcomes = [
      () => t.client.unary({ fault }),
      () => all(t.client.serverStream({ count: 2, fault })),
      () => t.client.clientStream(iterate([{ fault }])),
      () => all(t.client.bidiStream(iterate([{ fault }]))),
    ];
    for (const outcome of outcomes) {
      const error = await failure(outcome(), Code.FailedPrecondition);
      assert.equal(error.rawMessage, "größer als 100 %");
      assert.equal(error.metadata.get("error-metadata"), "here");
      assert.deepEqual(
        error.findDetails(ErrorDetailSchema).map((d) => d.reason),
        ["why"],
      );
    }
    assert.deepEqual(t.reported, [], "an error that is meant is no surprise");
  });

  it("delivers the messages before an error in the middle of a stream", async () => {
    await using t = await setUp(pair);
    const got: number[] = [];
    const stream = t.client.serverStream({ count: 5, fault: { code: Code.DataLoss, message: "gone", after: 3 } });
    const outcome = (async () => {
      for await (const { index } of stream) {
        got.push(index);
      }
    })();
    await failure(outcome, Code.DataLoss);
    assert.deepEqual(got, [0, 1, 2]);
  });

  it("hides what a handler throws by accident from the caller, and shows it whole to onError", async () => {
    await using t = await setUp(pair);
    const fault = { crash: true, message: "the password is 1234" };
    const outcomes = [
      () => t.client.unary({ fault }),
      () => all(t.client.serverStream({ count: 2, fault: { ...fault, after: 1 } })),
      () => t.client.clientStream(iterate([{ fault }])),
      () => all(t.client.bidiStream(iterate([{ fault }]))),
    ];
    for (const outcome of outcomes) {
      const error = await failure(outcome(), Code.Internal);
      assert.ok(!error.message.includes("1234"));
    }
    assert.deepEqual(t.reported.map(({ method }) => method.split("/")[1]).sort(), [
      "BidiStream",
      "ClientStream",
      "ServerStream",
      "Unary",
    ]);
    assert.ok(t.reported.every(({ error }) => error instanceof TypeError && error.message === fault.message));
    assert.equal((await t.client.unary({ text: "next" })).text, "next");
  });

  it("survives an onError that throws", async (context) => {
    const log = context.mock.method(console, "error", () => {});
    await using t = await setUp(pair, {
      onError: () => {
        throw new Error("worse");
      },
    });
    await failure(t.client.unary({ fault: { crash: true } }), Code.Internal);
    assert.equal(log.mock.callCount(), 2);
    assert.equal((await t.client.unary({ text: "next" })).text, "next");
  });

  it("runs interceptors on both sides, the first outermost, a service's own instead of the server's", async () => {
    const trace: string[] = [];
    const tracer =
      (name: string): Interceptor =>
      (next) =>
      async (req) => {
        trace.push(`${name} >`);
        req.header.set(`echo-${name}`, "seen");
        const res = await next({ ...req });
        trace.push(`${name} < ${res.header.get(`echo-${name}`)}`);
        return { ...res };
      };
    await using t = await setUp(
      pair,
      {
        interceptors: [tracer("s1"), tracer("s2")],
        routes: (router) => router.service(EchoService, { unary: (req) => ({ text: req.text }) }),
      },
      { interceptors: [tracer("c1"), tracer("c2")] },
    );
    await t.client.unary({});
    assert.deepEqual(
      trace.map((line) => line.slice(0, 4)),
      ["c1 >", "c2 >", "s1 >", "s2 >", "s2 <", "s1 <", "c2 <", "c1 <"],
    );

    trace.length = 0;
    await using own = await setUp(pair, {
      interceptors: [tracer("s1")],
      routes: (router) => router.service(EchoService, { unary: () => ({}) }, { interceptors: [tracer("own")] }),
    });
    await own.client.unary({});
    assert.deepEqual(
      trace.map((line) => line.slice(0, 5)),
      ["own >", "own <"],
    );
  });

  it("passes context values to interceptors and back to the caller", async () => {
    const key = createContextKey("nobody");
    await using t = await setUp(
      pair,
      {},
      {
        interceptors: [
          (next) => (req) => {
            req.contextValues.set(key, `hello ${req.contextValues.get(key)}`);
            return next(req);
          },
        ],
      },
    );
    const contextValues = createContextValues().set(key, "me");
    await t.client.unary({}, { contextValues });
    assert.equal(contextValues.get(key), "hello me");
  });

  it("gives a handler its context", async () => {
    await using t = await setUp(pair);
    await t.client.unary({}, { headers: { "x-mine": "1" }, timeoutMs: 60_000 });
    const context = t.echo.last;
    assert.ok(context);
    assert.equal(context.requestHeader.get("x-mine"), "1");
    assert.equal(context.method.name, "Unary");
    assert.equal(context.service.typeName, "vyra.test.EchoService");
    assert.equal(context.protocolName, "grpc");
    assert.equal(context.requestMethod, "POST");
    assert.equal(new URL(context.url).pathname, "/vyra.test.EchoService/Unary");
    const left = context.timeoutMs();
    assert.ok(left !== undefined && left > 0 && left <= 60_000, `${left}`);
  });

  it("answers a method that is not implemented, or not there, with Unimplemented", async () => {
    await using t = await setUp(pair, {
      routes: (router) => router.service(EchoService, { unary: () => ({ text: "only me" }) }),
    });
    await failure(all(t.client.serverStream({})), Code.Unimplemented);
    assert.equal((await t.client.unary({})).text, "only me");
    await using empty = await setUp(pair, { routes: () => {} });
    const error = await failure(empty.client.unary({}), Code.Unimplemented);
    assert.match(error.message, /vyra\.test\.EchoService\/Unary/);
  });

  it("refuses messages above the limits, either way, naming size and limit", async () => {
    await using t = await setUp(pair, { readMaxBytes: 1_000, writeMaxBytes: 2_000 }, { writeMaxBytes: 3_000 });
    const tooBigForServer = await failure(t.client.unary({ payload: new Uint8Array(1_500) }), Code.ResourceExhausted);
    assert.match(tooBigForServer.message, /1503.*1000/);
    const tooBigToSend = await failure(t.client.unary({ payload: new Uint8Array(4_000) }), Code.ResourceExhausted);
    assert.match(tooBigToSend.message, /4003.*3000/);
    const tooBigToAnswer = await failure(t.client.unary({ responseSize: 2_500 }), Code.ResourceExhausted);
    assert.match(tooBigToAnswer.message, /2503.*2000/);
    assert.equal((await t.client.unary({ text: "next" })).text, "next");
  });

  it("refuses messages of more than 10 MiB unless told otherwise", async () => {
    await using t = await setUp(pair, { writeMaxBytes: 12 << 20 });
    await failure(t.client.unary({ payload: new Uint8Array(10 * 1024 * 1024 + 1) }), Code.ResourceExhausted);
    await failure(t.client.unary({ responseSize: 10 * 1024 * 1024 + 1 }), Code.ResourceExhausted);
    const fits = await t.client.unary({ responseSize: 10 * 1024 * 1024 - 100 });
    assert.equal(fits.payload.length, 10 * 1024 * 1024 - 100);
  });

  it("speaks JSON and gzip when asked to", async () => {
    await using t = await setUp(
      pair,
      { acceptCompression: [compressionGzip] },
      { useBinaryFormat: false, sendCompression: compressionGzip, acceptCompression: [compressionGzip] },
    );
    const payload = new Uint8Array(100_000);
    assert.equal((await t.client.unary({ text: "json", payload })).payload.length, 100_000);
    const header = t.echo.last?.requestHeader;
    assert.equal(header?.get("content-type"), "application/grpc+json");
    assert.equal(header?.get("grpc-encoding"), "gzip");
    assert.equal((await all(t.client.bidiStream(iterate([{ payload }])))).length, 1);
  });

  it("takes gzip unless told otherwise, and compresses only when asked to", async () => {
    const payload = new Uint8Array(100_000);
    const encodings: (string | null)[] = [];
    const onHeader = (headers: Headers) => void encodings.push(headers.get("grpc-encoding"));
    await using t = await setUp(pair, {}, { sendCompression: compressionGzip });
    assert.equal((await t.client.unary({ payload })).payload.length, 100_000);
    assert.equal((await all(t.client.bidiStream(iterate([{ payload }])))).length, 1);
    assert.equal(t.echo.last?.requestHeader.get("grpc-encoding"), "gzip");
    assert.equal(t.echo.last?.requestHeader.get("grpc-accept-encoding"), "gzip");
    await using none = await setUp(pair, { acceptCompression: [] }, { sendCompression: compressionGzip });
    const error = await failure(none.client.unary({ payload }), Code.Unimplemented);
    assert.match(error.message, /unknown compression "gzip"/);
    await using willing = await setUp(pair, { acceptCompression: [compressionGzip] });
    assert.equal((await willing.client.unary({ payload }, { onHeader })).payload.length, 100_000);
    await using unwilling = await setUp(pair, { acceptCompression: [compressionGzip] }, { acceptCompression: [] });
    await unwilling.client.unary({ payload }, { onHeader });
    assert.deepEqual(encodings, ["gzip", null]);
  });

  it("lets a handler return a message that it did not create with create()", async () => {
    await using t = await setUp(pair, {
      routes: (router) => {
        router.rpc(EchoService.method.unary, () => ({ text: "plain object" }));
        router.rpc(EchoService.method.serverStream, async function* () {
          yield { detail: undefined, text: "streamed" };
        });
      },
    });
    assert.equal((await t.client.unary({})).text, "plain object");
    assert.equal((await all(t.client.serverStream({})))[0]?.text, "streamed");
    assert.equal(create(ErrorDetailSchema).reason, "");
  });

  it("turns what a client interceptor throws into the call's error", async () => {
    await using t = await setUp(
      pair,
      {},
      {
        interceptors: [
          () => async () => {
            throw new ConnectError("not today", Code.PermissionDenied);
          },
        ],
      },
    );
    await failure(t.client.unary({}), Code.PermissionDenied);
    assert.equal(t.echo.calls, 0);
  });
});
