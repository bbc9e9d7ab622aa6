import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http2";
import { describe, it } from "node:test";
import { Code, type Interceptor } from "@connectrpc/connect";
import { type ChannelOptions, createChannel } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { clientEngines, freshName, pathOf, setUp } from "../support/engines.js";
import { all, failure, iterate } from "../support/expect.js";
import { rawServer } from "../support/raw.js";

leaveNothingBehind();

/** Returns the header fields of the requests that a call with these options and headers sends: unary and streaming. */
async function fieldsWith(
  options: ChannelOptions,
  headers: Record<string, string> = {},
): Promise<IncomingHttpHeaders[]> {
  const name = freshName();
  const seen: IncomingHttpHeaders[] = [];
  await using _ = await rawServer(pathOf(name), (stream, fields) => {
    seen.push(fields);
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
  });
  await using channel = createChannel(name, { timeoutMs: 60_000, ...options });
  const client = channel.client(EchoService);
  await failure(client.unary({}, { headers }), Code.NotFound);
  await failure(client.unary({}, { headers, timeoutMs: 50_000 }), Code.NotFound);
  await failure(all(client.bidiStream(iterate([{}]), { headers })), Code.NotFound);
  return seen;
}

const passThrough: Interceptor = (next) => (req) => next(req);

for (const [engine, how, interceptors] of clientEngines.flatMap((engine) => [
  [engine, "", []] as const,
  [engine, " through interceptors", [passThrough]] as const,
])) {
  describe(`what the requests of a client say of it, engine ${engine}${how}`, () => {
    it("is gRPC's user-agent and authority", async () => {
      for (const fields of await fieldsWith({ engine, interceptors: [...interceptors] })) {
        assert.match(fields["user-agent"] ?? "", /^grpc-node-vyra\/\d+\.\d+\.\d+$/);
        assert.equal(fields[":authority"], "localhost");
      }
    });

    it("is what the application calls itself, too, and another authority", async () => {
      const options = {
        engine,
        interceptors: [...interceptors],
        userAgent: "my-app/1.2 (test)",
        authority: "backend.example:8080",
      };
      for (const fields of await fieldsWith(options)) {
        assert.match(fields["user-agent"] ?? "", /^my-app\/1\.2 \(test\) grpc-node-vyra\//);
        assert.equal(fields[":authority"], "backend.example:8080");
        assert.match(`${fields["grpc-timeout"] ?? "none"}`, /^\d+m$|^none$/);
      }
    });

    it("is what a call's own headers say, and the time limit stays", async () => {
      const seen = await fieldsWith(
        { engine, interceptors: [...interceptors], userAgent: "my-app" },
        { "User-Agent": "something/else" },
      );
      for (const fields of seen) {
        assert.equal(fields["user-agent"], "something/else");
      }
      assert.match(`${seen[1]?.["grpc-timeout"]}`, /^(50000|4\d\d\d\d)m$/);
    });
  });
}

describe("an authority or a user-agent that is no field of HTTP", () => {
  for (const options of [
    { authority: "" },
    { authority: "a b" },
    { authority: "user@host" },
    { authority: "a/b" },
    { authority: "größe" },
    { authority: "a:b" },
    { userAgent: "" },
    { userAgent: " x" },
    { userAgent: "a\r\nb" },
    { userAgent: "größe" },
  ]) {
    it(`is refused: ${JSON.stringify(options)}`, () => {
      assert.throws(() => createChannel("m", options), TypeError);
    });
  }
});

describe("names that are HTTP's or gRPC's own", () => {
  const reserved = {
    ...{ "content-length": "3", "content-encoding": "gzip", "transfer-encoding": "chunked", connection: "close" },
    ...{ host: "x", te: "gzip", "keep-alive": "1", upgrade: "h2c", "http2-settings": "x", "proxy-connection": "x" },
    ...{ "grpc-encoding": "x", "grpc-accept-encoding": "x", "grpc-message-type": "x", "content-type": "text/html" },
    ...{
      "grpc-timeout": "1n",
      "grpc-status": "13",
      "grpc-message": "x",
      "grpc-status-details-bin": "eA",
      trailer: "x",
    },
  };

  it("are no metadata: neither side can break a call by them", async () => {
    await using t = await setUp(
      { client: "direct", server: "direct" },
      {
        routes: (router) =>
          router.service(EchoService, {
            unary(_, context) {
              for (const [name, value] of Object.entries(reserved)) {
                context.responseHeader.set(name, value);
                context.responseTrailer.set(name, value);
              }
              return { text: [...context.requestHeader].map(([name, value]) => `${name}=${value}`).join("; ") };
            },
          }),
      },
    );
    const shown: Headers[] = [];
    const { text } = await t.client.unary(
      {},
      {
        headers: { ...reserved, custom: "kept" },
        onHeader: (fields) => shown.push(fields),
        onTrailer: (fields) => shown.push(fields),
      },
    );
    assert.match(text, /custom=kept/);
    assert.equal(shown.length, 2);
    for (const [name, value] of Object.entries(reserved)) {
      assert.ok(!text.includes(`${name}=${value};`), name);
      for (const headers of shown) {
        assert.notEqual(headers.get(name), value, name);
      }
    }
  });
});
