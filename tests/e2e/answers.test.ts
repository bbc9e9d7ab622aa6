import assert from "node:assert/strict";
import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { type ChannelOptions, createChannel } from "@vyra/ipc";
import { EchoResponseSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { clientEngines, freshName, pathOf } from "../support/engines.js";
import { all, failure } from "../support/expect.js";
import { envelope, rawServer } from "../support/raw.js";

leaveNothingBehind();

const hello = envelope(toBinary(EchoResponseSchema, create(EchoResponseSchema, { text: "hello" })));

/** A server's response: fields, bytes and trailers, each of which may be left out. */
interface Answer {
  readonly header?: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
  readonly trailer?: OutgoingHttpHeaders;
}

const grpc = { "content-type": "application/grpc" };
const ok = { "grpc-status": "0" };

function answer(stream: ServerHttp2Stream, { header = grpc, body, trailer }: Answer): void {
  stream.resume();
  if (body === undefined && trailer === undefined) {
    stream.respond(header, { endStream: true });
    return;
  }
  stream.respond(header, { waitForTrailers: trailer !== undefined });
  stream.once("wantTrailers", () => stream.sendTrailers(trailer ?? {}));
  stream.end(body);
}

for (const engine of clientEngines) {
  /** Returns the outcome of a unary call and of a stream to a server that responds like this. */
  async function outcomes(given: Answer, options: ChannelOptions = {}): Promise<(ConnectError | string)[]> {
    const name = freshName();
    await using _server = await rawServer(pathOf(name), (stream) => answer(stream, given));
    await using channel = createChannel(name, { engine, timeoutMs: 60_000, ...options });
    const client = channel.client(EchoService);
    return await Promise.all([
      client.unary({}).then(({ text }) => text, ConnectError.from),
      all(client.serverStream({})).then((list) => list.map(({ text }) => text).join(), ConnectError.from),
    ]);
  }

  async function assertCodes(given: Answer, code: Code, options?: ChannelOptions): Promise<ConnectError> {
    const found = await outcomes(given, options);
    for (const [i, outcome] of found.entries()) {
      const what = `${i === 0 ? "unary" : "stream"}: ${JSON.stringify(given)}`;
      assert.ok(outcome instanceof ConnectError, `${what}: ${outcome}`);
      assert.equal(Code[outcome.code], Code[code], `${what}: ${outcome.message}`);
    }
    return found[0] as ConnectError;
  }

  describe(`the engine ${engine}, to answers that are not as they should be,`, () => {
    it("takes the status wherever it comes, with or without a content type", async () => {
      const status = { "grpc-status": "5", "grpc-message": "no such %22thing%22" };
      for (const header of [
        { ...grpc, ...status },
        status,
        { ...status, "content-type": "text/html" },
        { ...status, ":status": 503 },
      ]) {
        const error = await assertCodes({ header }, Code.NotFound);
        assert.equal(error.rawMessage, 'no such "thing"');
      }
      await assertCodes({ header: { ...grpc, ...status }, body: Buffer.alloc(0) }, Code.NotFound);
    });

    it("does not take a status in headers for the end of an answer that goes on", async () => {
      const given = { header: { ...grpc, "grpc-status": "5" }, body: hello, trailer: ok };
      assert.deepEqual(await outcomes(given), ["hello", "hello"]);
    });

    it("tells what is not gRPC by its HTTP status", async () => {
      for (const [status, code] of [
        [200, Code.Unknown],
        [400, Code.Internal],
        [401, Code.Unauthenticated],
        [403, Code.PermissionDenied],
        [404, Code.Unimplemented],
        [429, Code.Unavailable],
        [502, Code.Unavailable],
        [503, Code.Unavailable],
        [504, Code.Unavailable],
        [500, Code.Unknown],
      ] as const) {
        await assertCodes({ header: { ":status": status } }, code);
        const page = { header: { ":status": status, "content-type": "text/html" }, body: Buffer.from("<p>") };
        await assertCodes(page, code);
      }
    });

    it("says Internal to what cannot be read", async () => {
      const unreadable = { trailer: ok };
      await assertCodes({ ...unreadable, body: envelope(Buffer.from([0x0a, 0xff, 0xff, 0xff])) }, Code.Internal);
      for (const body of [
        Buffer.from([0, 0]),
        Buffer.from([0, 0, 0, 0, 100]),
        envelope(Buffer.from("abc"), { length: 100 }),
        Buffer.concat([hello, Buffer.from([0, 0, 0])]),
      ]) {
        await assertCodes({ ...unreadable, body }, Code.Internal);
      }
      await assertCodes({ ...unreadable, body: envelope(Buffer.from("x"), { flags: 1 }) }, Code.Internal);
      const header = { ...grpc, "grpc-encoding": "gzip" };
      const body = envelope(Buffer.from("no gzip"), { flags: 1 });
      await assertCodes({ header, body, trailer: ok }, Code.Internal);
      await assertCodes({ header, body, trailer: ok }, Code.Internal, { acceptCompression: [compressionGzip] });
      await assertCodes({ header, body: hello, trailer: ok }, Code.Internal, { acceptCompression: [] });
    });

    it("says Internal to JSON that is none", async () => {
      const header = { "content-type": "application/grpc+json" };
      const body = envelope(Buffer.from('{"text": 3}'));
      await assertCodes({ header, body, trailer: ok }, Code.Internal, { useBinaryFormat: false });
    });

    it("says Internal to an answer without a status", async () => {
      await assertCodes({ body: hello }, Code.Internal);
      await assertCodes({ body: hello, trailer: { "other-field": "x" } }, Code.Internal);
    });

    it("leaves a server's InvalidArgument as it is", async () => {
      const trailer = { "grpc-status": "3", "grpc-message": "no" };
      assert.equal((await assertCodes({ body: hello, trailer }, Code.InvalidArgument)).rawMessage, "no");
      assert.equal((await assertCodes({ header: { ...grpc, ...trailer } }, Code.InvalidArgument)).rawMessage, "no");
    });

    it("says Unknown to a code that gRPC does not have", async () => {
      for (const status of ["17", "99"]) {
        await assertCodes({ body: hello, trailer: { "grpc-status": status } }, Code.Unknown);
      }
    });

    it("says Internal to a code that is no number", async () => {
      for (const status of ["-1", "x", "5x", ""]) {
        await assertCodes({ body: hello, trailer: { "grpc-status": status } }, Code.Internal);
      }
    });

    it("reads a message that is not encoded properly as far as that goes", async () => {
      for (const [message, read] of [
        ["100%", "100%"],
        ["%zz and %C3%A9", "%zz and é"],
        ["%FF", "\ufffd"],
      ]) {
        const trailer = { "grpc-status": "9", "grpc-message": message };
        const error = await assertCodes({ body: hello, trailer }, Code.FailedPrecondition);
        assert.equal(error.rawMessage, read);
      }
    });

    it("says Internal to details that cannot be read, and in its text what the status is without them", async () => {
      const trailer = { "grpc-status": "9", "grpc-message": "x", "grpc-status-details-bin": "%%%" };
      const error = await assertCodes({ body: hello, trailer }, Code.Internal);
      assert.match(error.rawMessage, /grpc-status-details-bin cannot be read.*\[failed_precondition\] x/);
      assert.deepEqual(error.details, []);
      // If the details contradict the status, the status counts.
      const details = Buffer.from([0x08, 0x00]).toString("base64");
      await assertCodes(
        { trailer: { "grpc-status": "9", "grpc-status-details-bin": details } },
        Code.FailedPrecondition,
      );
    });

    it("hands on an error that the requests end with", async () => {
      const name = freshName();
      await using _server = await rawServer(pathOf(name), (stream) => stream.resume());
      await using channel = createChannel(name, { engine, timeoutMs: 60_000 });
      async function* requests() {
        yield {};
        throw new ConnectError("mine", Code.InvalidArgument);
      }
      const error = await failure(channel.client(EchoService).clientStream(requests()), Code.InvalidArgument);
      assert.equal(error.rawMessage, "mine");
    });
  });
}
