import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { createChannel } from "@vyra/ipc";
import { EchoRequestSchema, EchoResponseSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName, pathOf, serverEngines, setUp } from "../support/engines.js";
import { all, failure, iterate } from "../support/expect.js";
import { envelope, rawRequest, rawServer, rawSession, statusOf } from "../support/raw.js";

leaveNothingBehind();

const gzipped = { "grpc-encoding": "gzip", "grpc-accept-encoding": "identity,deflate,gzip" };
const request = toBinary(
  EchoRequestSchema,
  create(EchoRequestSchema, { text: "squeezed", payload: Buffer.alloc(50_000) }),
);

for (const server of serverEngines) {
  describe(`the ${server} server, of a peer that compresses with gzip,`, () => {
    for (const method of ["Unary", "BidiStream"]) {
      it(`takes what it sends and answers uncompressed: ${method}`, async () => {
        await using t = await setUp({ client: "direct", server });
        const session = rawSession(pathOf(t.server.address));
        const path = { ":path": `/vyra.test.EchoService/${method}` };
        const answer = await rawRequest(session, { ...path, ...gzipped }, envelope(gzipSync(request), { flags: 1 }));
        assert.equal(statusOf(answer), 0);
        // Connect's handlers, which the engine `node` uses, do not announce which compressions they accept.
        assert.equal(answer.headers["grpc-accept-encoding"], server === "direct" ? "gzip" : undefined);
        assert.equal(answer.body[0], 0, "it is not compressed");
        assert.equal(fromBinary(EchoResponseSchema, answer.body.subarray(5)).text, "squeezed");
        // A message that is not worth compressing may be sent uncompressed.
        assert.equal(statusOf(await rawRequest(session, { ...path, ...gzipped }, envelope(request))), 0);
        session.destroy();
      });

      it(`holds the limit for what comes out: ${method}`, async () => {
        await using t = await setUp({ client: "direct", server }, { readMaxBytes: 100_000 });
        const session = rawSession(pathOf(t.server.address));
        const path = { ":path": `/vyra.test.EchoService/${method}` };
        const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20));
        const answer = await rawRequest(session, { ...path, ...gzipped }, envelope(bomb, { flags: 1 }));
        assert.equal(statusOf(answer), Code.ResourceExhausted);
        session.destroy();
      });
    }

    it("says which compressions it knows to one that has another", async () => {
      await using t = await setUp({ client: "direct", server });
      const session = rawSession(pathOf(t.server.address));
      const path = { ":path": "/vyra.test.EchoService/Unary" };
      const answer = await rawRequest(session, { ...path, "grpc-encoding": "snappy" }, envelope(request, { flags: 1 }));
      assert.equal(statusOf(answer), Code.Unimplemented);
      const said = answer.headers["grpc-message"] ?? answer.trailers["grpc-message"];
      assert.match(`${said}`, /unknown compression "snappy": supported .*gzip/);
      session.destroy();
    });
  });
}

describe("a client", () => {
  it("takes answers with gzip, and says so", async () => {
    const name = freshName();
    const answer = toBinary(EchoResponseSchema, create(EchoResponseSchema, { text: "squeezed" }));
    const accepted: unknown[] = [];
    await using _ = await rawServer(pathOf(name), (stream, headers) => {
      accepted.push(headers["grpc-accept-encoding"]);
      const fields = { ":status": 200, "content-type": "application/grpc", "grpc-encoding": "gzip" };
      stream.respond(fields, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(envelope(gzipSync(answer), { flags: 1 }));
    });
    await using channel = createChannel(name, { timeoutMs: 60_000 });
    const client = channel.client(EchoService);
    assert.equal((await client.unary({})).text, "squeezed");
    assert.equal((await all(client.bidiStream(iterate([{}]))))[0]?.text, "squeezed");
    assert.deepEqual(accepted, ["gzip", "gzip"]);
    await using strict = createChannel(name, { timeoutMs: 60_000, acceptCompression: [] });
    await failure(strict.client(EchoService).unary({}), Code.Internal);
  });
});
