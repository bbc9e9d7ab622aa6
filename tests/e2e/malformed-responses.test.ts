import assert from "node:assert/strict";
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, encodeBinaryHeader } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { type ChannelOptions, createChannel } from "@vyra/ipc";
import { EchoResponseSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName, pathOf } from "../support/engines.js";
import { all, failure, later } from "../support/expect.js";
import { envelope, rawServer } from "../support/raw.js";

leaveNothingBehind();

interface Response {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
  readonly trailers?: OutgoingHttpHeaders;
  /** The code of the expected error. Default: Internal. */
  readonly code?: Code;
}

const ok = { "grpc-status": "0" };
const message = envelope(
  toBinary(EchoResponseSchema, {
    $typeName: EchoResponseSchema.typeName,
    text: "x",
    payload: new Uint8Array(),
    index: 0,
  }),
);
const noProtobuf = envelope(Uint8Array.of(0xff, 0xff, 0xff));
const gzip = { "grpc-encoding": "gzip" };

/** Responses that are not valid gRPC. */
const responses: Record<string, Response> = {
  "a message that does not parse": { body: noProtobuf, trailers: ok },
  "a message that is cut short": { body: message.subarray(0, -1), trailers: ok },
  "an envelope that is cut short": { body: message.subarray(0, 3), trailers: ok },
  "a message that is cut short, and no trailers": { body: message.subarray(0, -1) },
  "no trailers": { body: message },
  "a compressed message without an encoding": { body: envelope(gzipSync("x"), { flags: 1 }), trailers: ok },
  "a compressed message of the identity encoding": {
    headers: { "grpc-encoding": "identity" },
    body: envelope(gzipSync("x"), { flags: 1 }),
    trailers: ok,
  },
  "an encoding that nobody asked for": { headers: { "grpc-encoding": "x" }, body: message, trailers: ok },
  "what cannot be decompressed": { headers: gzip, body: envelope(Uint8Array.of(1, 2, 3), { flags: 1 }), trailers: ok },
  "what is no protobuf once it is decompressed": {
    headers: gzip,
    body: envelope(gzipSync(noProtobuf.subarray(5)), { flags: 1 }),
    trailers: ok,
  },
  "a message that is too large once it is decompressed": {
    headers: gzip,
    body: envelope(gzipSync(new Uint8Array(2_000)), { flags: 1 }),
    trailers: ok,
    code: Code.ResourceExhausted,
  },
  "trailers without a status": { body: message, trailers: { "grpc-message": "x" } },
  "a status that is no number": { trailers: { "grpc-status": "NOT_FOUND" } },
  "an empty status": { trailers: { "grpc-status": "" } },
  "a negative status": { trailers: { "grpc-status": "-1" } },
  "a status that is not whole": { trailers: { "grpc-status": "5.0" } },
  "a status that gRPC does not have yet": { trailers: { "grpc-status": "17" }, code: Code.Unknown },
  "a very large status": { trailers: { "grpc-status": "4294967301" }, code: Code.Unknown },
  "details that are no base64": { trailers: { "grpc-status": "5", "grpc-status-details-bin": "%%%" } },
  "details that are no protobuf": {
    trailers: { "grpc-status": "5", "grpc-status-details-bin": encodeBinaryHeader(Uint8Array.of(0xff, 0xff)) },
  },
};

function answer(stream: ServerHttp2Stream, { headers, body, trailers }: Response): void {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc+proto", ...headers },
    { waitForTrailers: trailers !== undefined },
  );
  stream.once("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
  stream.resume();
  stream.end(body);
}

for (const [how, options] of [
  ["", {}],
  [", through an interceptor", { interceptors: [(next) => next] }],
] satisfies [string, ChannelOptions][]) {
  describe(`a malformed response${how}`, () => {
    for (const [name, response] of Object.entries(responses)) {
      const { code = Code.Internal } = response;
      it(`(${name}) is ${Code[code]}`, async () => {
        const module = freshName();
        await using _ = await rawServer(pathOf(module), (stream) => answer(stream, response));
        await using channel = createChannel(module, {
          timeoutMs: 60_000,
          readMaxBytes: 1_000,
          acceptCompression: [compressionGzip],
          ...options,
        });
        const client = channel.client(EchoService);
        await failure(client.unary({}), code);
        await failure(all(client.serverStream({})), code);
        await failure(client.clientStream((async function* () {})()), code);
      });
    }

    it("has its stream cancelled, if the server would go on", async () => {
      const module = freshName();
      const codes: number[] = [];
      const over = later();
      await using _ = await rawServer(pathOf(module), (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc+proto" });
        stream.resume();
        stream.once("close", () => {
          codes.push(stream.rstCode);
          over.resolve();
        });
        stream.write(noProtobuf);
      });
      await using channel = createChannel(module, options);
      await failure(all(channel.client(EchoService).serverStream({})), Code.Internal);
      await over.promise;
      assert.deepEqual(codes, [constants.NGHTTP2_CANCEL]);
    });
  });
}

describe("a status whose details cannot be read", () => {
  it("is named in the error's text, and is its cause", async () => {
    const module = freshName();
    const trailers = { "grpc-status": "5", "grpc-message": "no such thing", "grpc-status-details-bin": "%%%" };
    await using _ = await rawServer(pathOf(module), (stream) => answer(stream, { trailers }));
    await using channel = createChannel(module);
    const error = await failure(channel.client(EchoService).unary({}), Code.Internal);
    assert.match(error.rawMessage, /grpc-status-details-bin cannot be read.*\[not_found\] no such thing/);
    assert.ok(error.cause instanceof ConnectError && error.cause.code === Code.NotFound);
  });
});
