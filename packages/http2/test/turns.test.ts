import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { ServerConnection, type ServerStream } from "@vyra/http2";
import { DONE, OK } from "./support/exchange.js";
import { END_HEADERS, END_STREAM, frame, POST, RawPeer, Type } from "./support/raw-peer.js";
import { socketPair, turns } from "./support/sockets.js";

const text = (string: string): Buffer => Buffer.from(string);

/**
 * Connects a server that calls `onStream` for each stream to a peer that has opened two streams at once. `order`
 * records the order of events, including the writes of the server.
 */
async function serving(t: TestContext, onStream: (stream: ServerStream, order: string[]) => void) {
  const { client, server } = await socketPair(t);
  const order: string[] = [];
  const write = server.write.bind(server) as (...args: unknown[]) => boolean;
  server.write = (...args: unknown[]) => {
    order.push("write");
    return write(...args);
  };
  new ServerConnection(server, {
    onStream(stream) {
      onStream(stream, order);
      return { onData() {}, onTrailers() {}, onReset() {} };
    },
  });
  const peer = new RawPeer(client, false);
  peer.begin();
  await turns();
  order.length = 0;
  peer.send(
    frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, POST),
    frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, POST),
  );
  await turns();
  return { order, peer };
}

describe("a batch leaves", () => {
  it("right after the event whose bytes it replies to, and the promise jobs of that event", async (t) => {
    const { order, peer } = await serving(t, async (stream, order) => {
      setImmediate(() => order.push("end of turn"));
      await null;
      await null;
      stream.reply(OK, [], null, text("answer"), DONE);
    });
    assert.deepEqual(order, ["write", "end of turn", "end of turn"]);
    assert.equal(peer.ofType(Type.DATA).length, 2);
  });

  it("otherwise at the end of the turn, whoever has written meanwhile", async (t) => {
    const streams: ServerStream[] = [];
    const { order, peer } = await serving(t, (stream) => {
      stream.respond(OK);
      streams.push(stream);
    });
    order.length = 0;
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        streams[0]?.data(text("a"), true);
        process.nextTick(() => order.push("tick"));
      });
      setImmediate(() => {
        streams[1]?.data(text("b"), true);
        setImmediate(resolve);
      });
    });
    await turns();
    assert.deepEqual(order, ["tick", "write"]);
    assert.equal(peer.ofType(Type.DATA).length, 2);
  });
});
