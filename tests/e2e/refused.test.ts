import assert from "node:assert/strict";
import type { ServerHttp2Stream } from "node:http2";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { createChannel, NotProcessedError } from "@vyra/ipc";
import { EchoResponseSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName, pathOf } from "../support/engines.js";
import { all, failure, iterate, later } from "../support/expect.js";
import { envelope, rawServer } from "../support/raw.js";

leaveNothingBehind();

const refusedStream = 7;
const answer = envelope(toBinary(EchoResponseSchema, create(EchoResponseSchema, { text: "done" })));

function respond(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(answer);
}

/** A server that refuses the first requests once they are complete, and answers the others. It counts the requests. */
async function refusing(times: number) {
  const name = freshName();
  const requests: Buffer[] = [];
  const server = await rawServer(pathOf(name), (stream) => {
    const body: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => body.push(chunk));
    stream.on("end", () => {
      requests.push(Buffer.concat(body));
      if (requests.length <= times) {
        stream.close(refusedStream);
      } else {
        respond(stream);
      }
    });
  });
  const channel = createChannel(name, { timeoutMs: 60_000 });
  return {
    client: channel.client(EchoService),
    requests,
    async [Symbol.asyncDispose]() {
      await channel.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("a call that the server refuses by REFUSED_STREAM", () => {
  it("is made once more, with the same request", async () => {
    await using t = await refusing(1);
    assert.equal((await t.client.unary({ text: "again" })).text, "done");
    assert.equal(t.requests.length, 2);
    assert.deepEqual(t.requests[0], t.requests[1]);
  });

  it("is made once more if it has one request and a stream of answers", async () => {
    await using t = await refusing(1);
    const answers = await all(t.client.serverStream({ text: "again", payload: new Uint8Array(100_000) }));
    assert.deepEqual(
      answers.map(({ text }) => text),
      ["done"],
    );
    assert.equal(t.requests.length, 2);
    assert.equal(t.requests[0]?.length, 5 + (2 + "again".length) + (4 + 100_000));
    assert.deepEqual(t.requests[0], t.requests[1]);
  });

  it("fails if it is refused again, and says that it was not processed", async () => {
    await using t = await refusing(Number.POSITIVE_INFINITY);
    for (const call of [() => t.client.unary({}), () => all(t.client.serverStream({}))]) {
      t.requests.length = 0;
      const error = await failure(call(), Code.Unavailable);
      assert.ok(error.cause instanceof NotProcessedError);
      assert.equal(t.requests.length, 2);
    }
  });

  it("is left to `retry()` if some of its requests are gone", async () => {
    await using t = await refusing(1);
    const isTaken = later();
    async function* requests() {
      yield { text: "first" };
      isTaken.resolve();
    }
    const error = await failure(all(t.client.bidiStream(requests())), Code.Unavailable);
    await isTaken.promise;
    assert.ok(error.cause instanceof NotProcessedError);
    assert.equal(t.requests.length, 1);
    assert.equal((await all(t.client.bidiStream(iterate([{}])))).length, 1);
  });
});
