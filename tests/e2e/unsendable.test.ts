import assert from "node:assert/strict";
import { request } from "node:http";
import { it } from "node:test";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { createChannel } from "@vyra/ipc";
import { EchoResponseSchema, EchoService, ErrorDetailSchema } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, pathOf, type Setup, setUp } from "../support/engines.js";
import { all, failure, iterate } from "../support/expect.js";
import { rawRequest, rawSession } from "../support/raw.js";

leaveNothingBehind();

/** An unpaired UTF-16 surrogate, which UTF-8 cannot encode. */
const lone = "\ud800";

describePairs("what cannot be sent,", (pair) => {
  /** A server whose methods all do this. */
  function serving(handle: (context: HandlerContext) => unknown): Promise<Setup> {
    return setUp(pair, {
      routes: (router) =>
        router.service(EchoService, {
          unary: async (_, context) => (await handle(context)) as { text: string },
          clientStream: async (_, context) => (await handle(context)) as { text: string },
          async *serverStream(_, context) {
            yield (await handle(context)) as { text: string };
          },
          async *bidiStream(_, context) {
            yield { text: "first" };
            yield (await handle(context)) as { text: string };
          },
        }),
    });
  }

  /** Makes a call of each method. */
  function calls({ client }: Setup): (() => Promise<unknown>)[] {
    return [
      () => client.unary({}),
      () => client.clientStream(iterate([{}])),
      () => all(client.serverStream({})),
      () => all(client.bidiStream(iterate([{}]))),
    ];
  }

  it("a lone surrogate in an error's message arrives as U+FFFD, and what else the error says with it", async () => {
    const details = [{ desc: ErrorDetailSchema, value: { reason: `because ${lone}` } }];
    await using t = await serving(() => {
      throw new ConnectError(`half of ${lone} a pair`, Code.DataLoss, { "x-more": "here" }, details);
    });
    for (const call of calls(t)) {
      const error = await failure(call(), Code.DataLoss);
      assert.equal(error.rawMessage, "half of \ufffd a pair");
      assert.equal(error.metadata.get("x-more"), "here");
      assert.equal(error.findDetails(ErrorDetailSchema)[0]?.reason, "because \ufffd");
    }
    assert.deepEqual(t.reported, []);
  });

  it("nor does it leave a call in another protocol without an answer", async () => {
    await using t = await serving(() => {
      throw new ConnectError(`half of ${lone} a pair`, Code.DataLoss);
    });
    const path = pathOf(t.server.address);
    const session = rawSession(path);
    const headers = { ":path": "/vyra.test.EchoService/Unary" };
    const web = { ...headers, "content-type": "application/grpc-web+proto" };
    const answer = await rawRequest(session, web, Buffer.alloc(5));
    assert.match(answer.body.toString("latin1"), /grpc-status: 15\r\n/);
    const json = { ...headers, "content-type": "application/json" };
    assert.match((await rawRequest(session, json, Buffer.from("{}"))).body.toString(), /data_loss/);
    session.destroy();
    const { status, body } = await http1(path, { "content-type": "application/json" });
    assert.equal(status, 500);
    assert.match(body, /data_loss/);
  });

  it("a lone surrogate in a message arrives as U+FFFD, either way", async () => {
    await using t = await setUp(pair);
    assert.equal((await t.client.unary({ text: `a ${lone}` })).text, "a \ufffd");
  });

  it("metadata that cannot be sent fails the call that it is for, with a ConnectError", async () => {
    await using t = await setUp(pair);
    for (const headers of [{ "x-y": lone }, { "x-y": "\u0100" }, { "x-y": "a\nb" }, { "x y": "z" }, { "": "z" }]) {
      const options = { headers };
      const { unary, clientStream, serverStream } = t.client;
      await failure(unary({}, options), Code.Internal);
      await failure(clientStream(iterate([{}]), options), Code.Internal);
      await failure(all(serverStream({}, options)), Code.Internal);
    }
    assert.equal(t.echo.calls, 0);
  });

  it("a value that cannot be encoded is Internal without a word of it, and told to onError", async () => {
    await using t = await serving(() => ({ payload: { secret: 1 } }));
    for (const call of calls(t)) {
      const error = await failure(call(), Code.Internal);
      assert.equal(error.rawMessage, "internal error");
    }
    assert.equal(t.reported.length, 4);
    assert.match(`${t.reported[0]?.error}`, /cannot be encoded/);
  });

  it("a code that gRPC does not have is an error, never success", async () => {
    for (const code of [0, 17, -1, 1.5, Number.NaN]) {
      await using t = await serving(() => {
        throw new ConnectError("odd", code as Code);
      });
      for (const call of calls(t)) {
        await assert.rejects(call(), ConnectError, `${code}`);
      }
    }
  });

  it("details that cannot be encoded are Internal, and told to onError", async () => {
    const details = [{ desc: EchoResponseSchema, value: { payload: { secret: 1 } as unknown as Uint8Array } }];
    await using t = await serving(() => {
      throw new ConnectError("with details", Code.NotFound, undefined, details);
    });
    for (const call of calls(t)) {
      await failure(call(), Code.Internal);
    }
    assert.equal(t.reported.length, 4);
  });

  it("fields of HTTP itself are not taken for metadata, either way", async () => {
    const fields = {
      connection: "close",
      "content-length": "3",
      "keep-alive": "timeout=1",
      "transfer-encoding": "chunked",
      upgrade: "h2c",
      "proxy-connection": "x",
      trailer: "x",
    };
    await using t = await serving(({ responseHeader, responseTrailer }) => {
      for (const [name, value] of Object.entries(fields)) {
        responseHeader.set(name, value);
        responseTrailer.set(name, value);
      }
      return { text: "fine" };
    });
    const headers = { ...fields, "x-own": "1" };
    assert.equal((await t.client.unary({}, { headers })).text, "fine");
    assert.equal((await all(t.client.serverStream({}, { headers }))).length, 1);
    const path = pathOf(t.server.address);
    const { status, body } = await http1(path, { "content-type": "application/json" });
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), { text: "fine" });
  });
});

describePairs("a time limit of more than 24 days,", (pair) => {
  it("is long, in every protocol", async () => {
    await using t = await setUp(pair);
    for (const timeoutMs of [100_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 10 ** 10]) {
      assert.equal((await t.client.unary({ text: "x", delayMs: 50 }, { timeoutMs })).text, "x");
      const leftMs = t.echo.last?.timeoutMs() ?? 0;
      assert.ok(leftMs > 99_000_000, `${leftMs}`);
      assert.equal((await all(t.client.serverStream({ count: 2, delayMs: 20 }, { timeoutMs }))).length, 2);
    }
    const path = pathOf(t.server.address);
    const session = rawSession(path);
    const body = Buffer.from('{"delayMs": 50}');
    const json = { ":path": "/vyra.test.EchoService/Unary", "content-type": "application/json" };
    const enveloped = Buffer.concat([Buffer.of(0, 0, 0, 0, body.length), body]);
    for (const limit of ["2147483647", "2147483648", "9999999999"]) {
      const headers = { "connect-timeout-ms": limit };
      assert.equal((await rawRequest(session, { ...json, ...headers }, body)).headers[":status"], 200);
      assert.equal((await http1(path, { "content-type": "application/json", ...headers }, body)).status, 200);
    }
    for (const limit of ["2147484S", "99999999S", "99999999H"]) {
      const headers = { ...json, "grpc-timeout": limit };
      for (const protocol of ["grpc", "grpc-web"]) {
        const type = { "content-type": `application/${protocol}+json` };
        const response = await rawRequest(session, { ...headers, ...type }, enveloped);
        const status =
          response.trailers["grpc-status"] ?? /grpc-status: (\d+)/.exec(response.body.toString("latin1"))?.[1];
        assert.equal(status, "0", `${protocol} ${limit}`);
      }
    }
    session.destroy();
  });

  it("is refused where the server allows less", async () => {
    await using t = await setUp(pair, { maxTimeoutMs: 2 ** 31 + 10_000 });
    await t.client.unary({}, { timeoutMs: 2 ** 31 + 5_000 });
    await failure(t.client.unary({}, { timeoutMs: 2 ** 31 + 15_000 }), Code.InvalidArgument);
  });

  it("needs no channel's deadline to be kept", async () => {
    await using t = await setUp(pair);
    const { unary } = t.client;
    await failure(unary({ fault: { hang: true } }, { timeoutMs: 20.5 }), Code.DeadlineExceeded);
    await using channel = createChannel(t.server.address, { engine: pair.client, timeoutMs: 2 ** 33 });
    assert.equal((await channel.client(EchoService).unary({ text: "x", delayMs: 20 })).text, "x");
  });
});

function http1(
  socketPath: string,
  headers: Record<string, string>,
  body: string | Uint8Array = "{}",
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      socketPath,
      path: "/vyra.test.EchoService/Unary",
      method: "POST",
      headers,
      agent: false as const,
    };
    request(options, async (res) =>
      resolve({ status: res.statusCode, body: (await all(res.setEncoding("utf8"))).join("") }),
    )
      .on("error", reject)
      .end(body);
  });
}
