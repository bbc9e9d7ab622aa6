import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { ServerConnection } from "@vyra/http2";
import { MAX_AT_ONCE, MAX_LINE } from "../dist/send/reply-line.js";
import { DONE, OK } from "./support/exchange.js";
import { END_HEADERS, END_STREAM, frame, MAGIC, POST, RawPeer, settings, Type } from "./support/raw-peer.js";
import { socketPair, turns } from "./support/sockets.js";

const request = frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, POST);

/** Connects this many servers of this process, which answer every request at once and whose writes are counted. */
async function crowd(t: TestContext, size: number) {
  const writes = { count: 0 };
  const members = await Promise.all(
    Array.from({ length: size }, async () => {
      const { client, server } = await socketPair(t);
      const connection = new ServerConnection(
        server,
        {
          onStream(stream) {
            stream.reply(OK, [], null, Buffer.from("answer"), DONE);
            return { onData() {}, onTrailers() {}, onReset() {} };
          },
        },
        { reader: "caller" },
      );
      connection.receive(Buffer.concat([MAGIC, settings()]));
      const peer = new RawPeer(client, false);
      await turns();
      const write = server.write.bind(server) as (...args: unknown[]) => boolean;
      server.write = (...args: unknown[]) => {
        writes.count++;
        return write(...args);
      };
      return { connection, peer };
    }),
  );
  await turns();
  return { members, writes };
}

/** Lets each connection receive a request, each in an event of its own, and all in one turn of the event loop. */
async function receiveInOneTurn(members: readonly { connection: ServerConnection }[], afterEach: () => void) {
  for (const { connection } of members) {
    setImmediate(() => {
      connection.receive(request);
      process.nextTick(() => process.nextTick(afterEach));
    });
  }
  await turns();
}

describe("replies of many connections in one turn", () => {
  it("leave at once from the first connections, then in lines, and all of them at the end of the turn", async (t) => {
    const { members, writes } = await crowd(t, MAX_AT_ONCE + MAX_LINE + 10);
    const written: number[] = [];
    await receiveInOneTurn(members, () => written.push(writes.count));
    const atOnce = written.findIndex((count, i) => count === i);
    const wanted = members.map((_, i) => (i < atOnce ? i + 1 : i + 1 < atOnce + MAX_LINE ? atOnce : atOnce + MAX_LINE));
    assert.ok(atOnce <= MAX_AT_ONCE); // connections whose bytes were received just before count as well
    assert.deepEqual(written, wanted);
    assert.equal(writes.count, members.length);
    for (const { peer } of members) {
      assert.equal(peer.ofType(Type.DATA).length, 1);
    }
  });

  it("do not depend on one whose connection has ended meanwhile", async (t) => {
    const { members } = await crowd(t, MAX_AT_ONCE + 10);
    let events = 0;
    await receiveInOneTurn(members, () => {
      if (++events === members.length) {
        members.at(-5)?.connection.destroy();
      }
    });
    const answered = members.filter(({ peer }) => peer.ofType(Type.DATA).length === 1);
    assert.ok(answered.length >= members.length - 1);
    assert.ok(members.slice(-4).every((member) => answered.includes(member)));
  });
});
