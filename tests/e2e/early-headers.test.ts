import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type ServiceImpl,
} from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { createChannel, HeadersSentError, sendHeaders } from "@vyra/ipc";
import { EchoRequestSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName, type Pair, pathOf, serverEngines, setUp } from "../support/engines.js";
import { all, failure, later } from "../support/expect.js";
import { envelope, rawServer, rawSession } from "../support/raw.js";

leaveNothingBehind();

const hello = envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: "hello" })));

/** Starts a call with headers alone, on its own session. */
function begin(
  address: string,
  method: string,
  contentType = "application/grpc",
  others: Readonly<Record<string, string>> = {},
): ClientHttp2Stream {
  const session = rawSession(pathOf(address));
  const stream = session.request({
    ":method": "POST",
    ":path": `/vyra.test.EchoService/${method}`,
    "content-type": contentType,
    te: "trailers",
    ...others,
  });
  stream.once("close", () => session.destroy());
  return stream;
}

async function response(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  return headers;
}

/** An interceptor that replaces the signal and the context values. */
const spreading: Interceptor = (next) => (req) =>
  next({ ...req, contextValues: createContextValues(), signal: AbortSignal.any([req.signal]) });

async function bodyOf(stream: ClientHttp2Stream): Promise<string> {
  let body = "";
  stream.setEncoding("latin1");
  for await (const chunk of stream) {
    body += chunk;
  }
  return body;
}

async function trailersOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  stream.resume();
  const [trailers] = (await once(stream, "trailers")) as [IncomingHttpHeaders];
  return trailers;
}

for (const engine of serverEngines) {
  describe(`headers of a server, engine ${engine}`, () => ofServer({ client: "direct", server: engine }));
}

function ofServer(pair: Pair): void {
  it("come to a caller who listens before it sends its first request", async () => {
    await using t = await setUp(pair);
    const stream = begin(t.server.address, "BidiStream");
    const headers = await response(stream);
    assert.equal(headers[":status"], 200);
    assert.equal(headers["grpc-status"], undefined);
    stream.write(hello);
    const [data] = (await once(stream, "data")) as [Buffer];
    assert.match(data.toString("latin1"), /hello/);
    stream.end();
    assert.equal((await trailersOf(stream))["grpc-status"], "0");
  });

  it("come before the first event that a handler waits for; what it sets later is in the trailers", async () => {
    const event = later();
    const routes = {
      async *serverStream(_: unknown, context: { responseHeader: Headers; responseTrailer: Headers }) {
        context.responseHeader.set("early", "yes");
        context.responseTrailer.set("last", "too");
        await event.promise;
        context.responseHeader.set("late", "yes");
        yield { text: "event" };
      },
    };
    await using t = await setUp(pair, { routes: (router) => router.service(EchoService, routes) });
    const stream = begin(t.server.address, "ServerStream");
    stream.end(hello);
    const headers = await response(stream);
    assert.equal(headers.early, "yes");
    assert.equal(headers.late, undefined);
    event.resolve();
    const trailers = await trailersOf(stream);
    assert.deepEqual(
      [trailers.early, trailers.late, trailers.last, trailers["grpc-status"]],
      [undefined, "yes", "too", "0"],
    );
  });

  it("are followed by an error in trailers", async () => {
    const event = later();
    const routes = {
      // biome-ignore lint/correctness/useYield: it fails before its first message
      async *serverStream() {
        await event.promise;
        throw new ConnectError("no event", Code.Aborted);
      },
    };
    await using t = await setUp(pair, { routes: (router) => router.service(EchoService, routes) });
    const answers = all(t.client.serverStream({}, { onHeader: () => event.resolve() }));
    const error = await failure(answers, Code.Aborted);
    assert.equal(error.rawMessage, "no event");
  });

  it("wait for a first message that is on its way: what a handler sets before it is among them", async () => {
    await using t = await setUp(pair);
    const shown: (string | null)[] = [];
    const onHeader = (headers: Headers) => void shown.push(headers.get("echo-x"));
    await all(t.client.serverStream({ count: 2 }, { headers: { "echo-x": "y" }, onHeader }));
    assert.deepEqual(shown, ["y"]);
  });

  it("wait for a request that has come and that is decompressed yet", async () => {
    const begun = later();
    const goOn = later();
    const slow: Compression = {
      name: "slow",
      compress: async (bytes) => Uint8Array.from(bytes),
      async decompress(bytes) {
        begun.resolve();
        await goOn.promise;
        return Uint8Array.from(bytes);
      },
    };
    const routes: Partial<ServiceImpl<typeof EchoService>> = {
      async *bidiStream(requests, context) {
        for await (const { text } of requests) {
          context.responseHeader.set("seen", text);
          yield {};
        }
      },
    };
    await using t = await setUp(pair, {
      acceptCompression: [slow],
      routes: (router) => router.service(EchoService, routes),
    });
    const stream = begin(t.server.address, "BidiStream", "application/grpc", { "grpc-encoding": "slow" });
    const headers = response(stream);
    const compressed = Buffer.from(hello);
    compressed[0] = 1;
    stream.end(compressed);
    await begun.promise;
    // Once the headers of a later call have been sent, this call has had time to send its own, too.
    const other = begin(t.server.address, "BidiStream");
    await response(other);
    other.end();
    other.resume();
    goOn.resolve();
    assert.equal((await headers).seen, "hello");
    assert.equal((await trailersOf(stream))["grpc-status"], "0");
  });

  for (const contentType of ["application/grpc-web+proto", "application/connect+proto"]) {
    it(`come to a caller who listens first in ${contentType}, too`, async () => {
      await using t = await setUp(pair);
      const stream = begin(t.server.address, "BidiStream", contentType);
      const headers = await response(stream);
      assert.deepEqual([headers[":status"], headers["content-type"]], [200, contentType]);
      stream.end(hello);
      const answer = await bodyOf(stream);
      assert.match(answer, /hello/);
    });
  }

  for (const interceptors of [[], [spreading]]) {
    const how = interceptors.length === 0 ? "" : ", through interceptors";

    it(`leave when the handler says so${how}, in calls of each kind`, async () => {
      const event = later();
      const early = async (context: HandlerContext) => {
        context.responseHeader.set("early", "yes");
        sendHeaders(context);
        await event.promise;
        context.responseHeader.set("late", "yes");
        context.responseTrailer.set("last", "too");
      };
      const routes: Partial<ServiceImpl<typeof EchoService>> = {
        async unary(_, context) {
          await early(context);
          return { text: "answer" };
        },
        async clientStream(_, context) {
          await early(context);
          return { text: "answer" };
        },
        async *serverStream(_, context) {
          await early(context);
          yield { text: "answer" };
        },
        async *bidiStream(_, context) {
          await early(context);
          yield { text: "answer" };
        },
      };
      await using t = await setUp(pair, { interceptors, routes: (router) => router.service(EchoService, routes) });
      const streams = ["Unary", "ClientStream", "ServerStream", "BidiStream"].map((method) => {
        const stream = begin(t.server.address, method);
        stream.end(hello);
        return stream;
      });
      for (const headers of await Promise.all(streams.map(response))) {
        assert.deepEqual([headers[":status"], headers.early, headers["grpc-status"]], [200, "yes", undefined]);
      }
      const bodies = streams.map(bodyOf);
      const ends = streams.map(trailersOf);
      event.resolve();
      for (const trailers of await Promise.all(ends)) {
        const { early, late, last, "grpc-status": status } = trailers;
        assert.deepEqual([early, late, last, status], [undefined, "yes", "too", "0"]);
      }
      for (const body of await Promise.all(bodies)) {
        assert.match(body, /answer/);
      }
      assert.deepEqual(t.reported, []);
    });

    it(`cannot be sent twice${how}, nor after the first message`, async () => {
      const errors: unknown[] = [];
      const send = (context: HandlerContext) => {
        try {
          sendHeaders(context);
        } catch (error) {
          errors.push(error);
        }
      };
      const routes: Partial<ServiceImpl<typeof EchoService>> = {
        unary(_, context) {
          send(context);
          assert.deepEqual(errors, []);
          send(context);
          return {};
        },
        async *serverStream(_, context) {
          yield {};
          send(context);
        },
      };
      await using t = await setUp(pair, { interceptors, routes: (router) => router.service(EchoService, routes) });
      await t.client.unary({});
      await all(t.client.serverStream({}));
      assert.deepEqual(
        errors.map((error) => [(error as HeadersSentError).method, error instanceof HeadersSentError]),
        [
          ["vyra.test.EchoService/Unary", true],
          ["vyra.test.EchoService/ServerStream", true],
        ],
      );
    });
  }

  it("are followed by an error after the handler has sent them", async () => {
    const routes: Partial<ServiceImpl<typeof EchoService>> = {
      unary(_, context) {
        sendHeaders(context);
        throw new ConnectError("no answer", Code.Aborted);
      },
    };
    await using t = await setUp(pair, { routes: (router) => router.service(EchoService, routes) });
    assert.equal((await failure(t.client.unary({}), Code.Aborted)).rawMessage, "no answer");
  });

  it("leave with the answer in a unary call of the Connect protocol, whose status they are", async () => {
    const routes: Partial<ServiceImpl<typeof EchoService>> = {
      unary(_, context) {
        sendHeaders(context);
        throw new ConnectError("no answer", Code.Aborted);
      },
    };
    await using t = await setUp(pair, { routes: (router) => router.service(EchoService, routes) });
    const stream = begin(t.server.address, "Unary", "application/json");
    stream.end("{}");
    assert.equal((await response(stream))[":status"], 409);
    assert.match(await bodyOf(stream), /no answer/);
  });

  it("of a call that is over are nobody's any more", async () => {
    const over = later();
    const sent = later();
    const routes: Partial<ServiceImpl<typeof EchoService>> = {
      async unary(_, context) {
        context.signal.addEventListener("abort", () => over.resolve());
        await over.promise;
        await new Promise(setImmediate);
        sendHeaders(context);
        sent.resolve();
        return {};
      },
    };
    await using t = await setUp(pair, { routes: (router) => router.service(EchoService, routes) });
    const stream = begin(t.server.address, "Unary");
    stream.on("error", () => {});
    stream.end(hello, () => stream.close(8));
    await sent.promise;
    assert.deepEqual(t.reported, []);
  });
}

it("sendHeaders() takes no context but a server's", () => {
  for (const context of [{ responseHeader: new Headers() }, undefined, null]) {
    assert.throws(() => sendHeaders(context as never), /needs the context that a server/);
  }
});

describe("a client's headers", () => {
  it("leave before its first request is made", async () => {
    const name = freshName();
    const begun = later();
    await using _ = await rawServer(pathOf(name), (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.resume();
      stream.on("end", () => stream.end());
      begun.resolve();
    });
    await using channel = createChannel(name, { timeoutMs: 60_000 });
    async function* requests() {
      await begun.promise; // which the server would never see otherwise
      yield { text: "hello" };
    }
    assert.deepEqual(await all(channel.client(EchoService).bidiStream(requests())), []);
  });
});
