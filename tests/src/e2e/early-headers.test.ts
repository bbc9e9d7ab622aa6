import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createChannel, resolveSocket } from "@vyra/ipc";
import { EchoRequestSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName, setUp } from "../support/engines.js";
import { all, failure, later } from "../support/expect.js";
import { envelope, rawServer, rawSession } from "../support/raw.js";

leaveNothingBehind();

const hello = envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: "hello" })));

/** A call that is begun with headers alone, on a session of its own. */
function begin(address: string, method: string): ClientHttp2Stream {
  const session = rawSession(resolveSocket(address).path);
  const stream = session.request({
    ":method": "POST",
    ":path": `/vyra.test.EchoService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.once("close", () => session.destroy());
  return stream;
}

async function response(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  return headers;
}

async function trailersOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  stream.resume();
  const [trailers] = (await once(stream, "trailers")) as [IncomingHttpHeaders];
  return trailers;
}

const pair = { client: "direct", server: "direct" } as const;

describe("a server's headers", () => {
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

  it("come before the first event that a handler waits for, with what it has set until then; the rest is in the trailers", async () => {
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
});

describe("a client's headers", () => {
  it("leave before its first request is made", async () => {
    const name = freshName();
    const begun = later();
    await using _ = await rawServer(resolveSocket(name).path, (stream) => {
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
