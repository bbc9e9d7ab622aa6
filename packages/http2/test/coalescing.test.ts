import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { ServerConnection, type ServerStream } from "@vyra/http2";
import { DONE, OK } from "./support/exchange.js";
import { END_HEADERS, END_STREAM, frame, POST, RawPeer, Type } from "./support/raw-peer.js";
import { socketPair, turns } from "./support/sockets.js";

/** Returns the open streams 1 and 3 of a server, and a peer that receives their frames. */
async function twoStreams(t: TestContext, earlyWriteBytes = Number.POSITIVE_INFINITY) {
  const { client, server } = await socketPair(t);
  const streams: ServerStream[] = [];
  new ServerConnection(
    server,
    {
      onStream(stream) {
        streams.push(stream);
        stream.respond(OK);
        return { onData() {}, onTrailers() {}, onReset() {} };
      },
    },
    { earlyWriteBytes },
  );
  const peer = new RawPeer(client, false);
  peer.begin();
  peer.send(
    frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, POST),
    frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, POST),
  );
  while (streams.length < 2) await turns(1);
  await turns();
  const [one, three] = streams as [ServerStream, ServerStream];
  const seen = async (): Promise<string[]> => {
    await turns();
    return peer.ofType(Type.DATA).map(({ streamId, flags, payload }) => {
      const text = payload.length > 40 ? `${payload.length} bytes` : payload.toString();
      return `${streamId}: ${text}${flags & END_STREAM ? ", the end" : ""}`;
    });
  };
  return { one, three, seen, peer };
}

const text = (string: string): Buffer => Buffer.from(string);

describe("what a stream sends in a row", () => {
  it("shares a frame", async (t) => {
    const { one, seen } = await twoStreams(t);
    for (const word of ["a", "bc", "", "def"]) one.message(text("<"), text(word));
    one.data(text("end"), true);
    assert.deepEqual(await seen(), ["1: <a<bc<<defend, the end"]);
  });

  it("does not share it with another stream, with what came before other frames, or with another turn", async (t) => {
    const { one, three, seen } = await twoStreams(t);
    one.data(text("a"));
    three.data(text("b"));
    one.data(text("c"));
    one.data(text("d"));
    assert.deepEqual(await seen(), ["1: a", "3: b", "1: cd"]);
    one.data(text("e"));
    three.trailers(DONE);
    one.data(text("f"));
    assert.deepEqual((await seen()).slice(3), ["1: e", "1: f"]);
  });

  it("does not share it with what has begun to leave", async (t) => {
    const { one, seen } = await twoStreams(t, 30);
    one.data(Buffer.alloc(35, "x"));
    one.data(text("y")); // the batch of 44 bytes is written before this
    one.data(text("z"));
    const frames = await seen();
    assert.equal(frames.map((each) => each.slice(3)).join(""), `${"x".repeat(35)}yz`);
    assert.ok(frames.length <= 2, `in ${frames.length} frames`);
  });

  it("makes no frame larger than the peer allows", async (t) => {
    const { one, seen } = await twoStreams(t);
    for (let i = 0; i < 5; i++) one.data(Buffer.alloc(6_000));
    assert.deepEqual(await seen(), ["1: 12000 bytes", "1: 12000 bytes", "1: 6000 bytes"]);
  });

  it("is not mixed up with what stood in the same memory before", async (t) => {
    const { one, three, seen } = await twoStreams(t);
    const wanted: string[] = [];
    for (let turn = 0; turn < 50; turn++) {
      // Frames of the same length are at the same position in every turn, alternately from each stream.
      const [first, second] = turn % 2 === 0 ? [one, three] : [three, one];
      first.data(text(`${turn % 10}!`));
      second.data(text(`${turn % 10}?`));
      wanted.push(`${first.id}: ${turn % 10}!`, `${second.id}: ${turn % 10}?`);
      await turns(2);
    }
    assert.deepEqual(await seen(), wanted);
  });
});
