import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClientConnection, ErrorCode, NO_FIELDS, ServerConnection, type ServerStream } from "@vyra/http2";
import fc from "fast-check";
import { answering, Call, Collector, DONE, echo, exchange, link, OK, POST } from "./support/exchange.js";
import {
  END_HEADERS,
  END_STREAM,
  frame,
  OK as OK_FIELDS,
  PADDED,
  POST as POST_FIELDS,
  RawPeer,
  settings,
  Type,
  uint32,
} from "./support/raw-peer.js";
import { deferred, socketPair, turns } from "./support/sockets.js";

const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;

function dataBytes(peer: RawPeer, streamId?: number): number {
  return peer.ofType(Type.DATA, streamId).reduce((sum, data) => sum + data.payload.length, 0);
}

/** Connects a server that responds with `bytes` bytes to a peer that announces its windows. */
async function serving(t: import("node:test").TestContext, bytes: number, ...entries: [number, number][]) {
  const { client, server } = await socketPair(t);
  let stream: ServerStream | null = null;
  const connection = new ServerConnection(
    server,
    answering((s) => {
      stream = s;
      s.reply(OK, NO_FIELDS, null, Buffer.alloc(bytes, 1), DONE);
    }),
  );
  const peer = new RawPeer(client, false);
  peer.begin(...entries);
  const ask = (streamId: number): void =>
    peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, streamId, POST_FIELDS));
  return { peer, ask, connection, stream: () => stream };
}

/** Connects a server that sends nothing of its own accord to a peer that announces its windows. */
async function answeringNothing(t: import("node:test").TestContext, ...entries: [number, number][]) {
  const { client, server } = await socketPair(t);
  const streams: ServerStream[] = [];
  const connection = new ServerConnection(server, {
    onStream(stream) {
      streams.push(stream);
      return { onData() {}, onTrailers() {}, onReset() {} };
    },
  });
  const peer = new RawPeer(client, false);
  peer.begin(...entries);
  const ask = (streamId: number, isWhole = true): void =>
    peer.send(frame(Type.HEADERS, isWhole ? END_HEADERS | END_STREAM : END_HEADERS, streamId, POST_FIELDS));
  return { peer, ask, connection, streams };
}

describe("sending within the peer's windows", () => {
  it("stops at the stream's window and goes on with each update, to the byte", async (t) => {
    const { peer, ask } = await serving(t, 100, [INITIAL_WINDOW_SIZE, 10]);
    ask(1);
    await peer.settle();
    assert.equal(dataBytes(peer), 10);
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(1)));
    await peer.settle();
    assert.equal(dataBytes(peer), 11);
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(88)));
    await peer.settle();
    assert.equal(dataBytes(peer), 99);
    assert.equal(peer.ofType(Type.HEADERS).length, 1);
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(1000)));
    const trailers = await peer.next(Type.HEADERS, 1);
    assert.equal(trailers.flags & END_STREAM, END_STREAM);
    assert.equal(dataBytes(peer), 100);
  });

  it("stops at the connection's window", async (t) => {
    const { peer, ask } = await serving(t, 50_000, [INITIAL_WINDOW_SIZE, 1_000_000]);
    ask(1);
    ask(3);
    await peer.settle();
    assert.equal(dataBytes(peer), 65_535);
    peer.send(frame(Type.WINDOW_UPDATE, 0, 0, uint32(34_465)));
    await peer.settle();
    assert.equal(dataBytes(peer), 100_000);
    assert.equal(peer.ofType(Type.HEADERS).length, 4);
  });

  it("copies up to 16 KiB that must wait: the memory may be reused at once", async (t) => {
    const { client, server } = await socketPair(t);
    const memory = Buffer.alloc(16_384, "a");
    const handler = answering((stream) => {
      stream.reply(OK, NO_FIELDS, Buffer.from("->"), memory, DONE);
      memory.fill("b");
    });
    new ServerConnection(server, handler);
    const peer = new RawPeer(client, false);
    peer.begin([INITIAL_WINDOW_SIZE, 10]);
    peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, POST_FIELDS));
    await peer.settle();
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(100_000)));
    await peer.next(Type.HEADERS, 1); // the trailers
    const body = Buffer.concat(peer.ofType(Type.DATA, 1).map(({ payload }) => payload));
    assert.equal(body.toString(), `->${"a".repeat(16_384)}`);
  });

  it("takes turns: streams that wait for the connection's window share it", async (t) => {
    const { peer, ask } = await serving(t, 1_000_000, [INITIAL_WINDOW_SIZE, 10_000_000]);
    ask(1);
    ask(3);
    ask(5);
    await peer.settle();
    for (let i = 0; i < 20; i++) {
      peer.send(frame(Type.WINDOW_UPDATE, 0, 0, uint32(3 * 16_384)));
      await peer.settle();
    }
    const sent = [1, 3, 5].map((id) => dataBytes(peer, id));
    assert.ok(Math.max(...sent) - Math.min(...sent) <= 2 * 16_384, `unequal shares: ${sent}`);
  });

  it("lets a short response overtake a long one", async (t) => {
    const { client } = await link(
      t,
      answering((stream, body) => stream.reply(OK, NO_FIELDS, null, Buffer.alloc(Number(body)), DONE)),
    );
    const order: string[] = [];
    await Promise.all([
      exchange(client, Buffer.from("30000000")).then(() => order.push("long")),
      exchange(client, Buffer.from("10")).then(() => order.push("short")),
    ]);
    assert.deepEqual(order, ["short", "long"]);
  });

  it("follows a window that new settings make negative (RFC 9113 §6.9.2)", async (t) => {
    const { peer, ask } = await serving(t, 1000, [INITIAL_WINDOW_SIZE, 100]);
    ask(1);
    await peer.settle();
    peer.send(settings([INITIAL_WINDOW_SIZE, 40])); // 60 below zero
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(60)));
    await peer.settle();
    assert.equal(dataBytes(peer), 100);
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(5)));
    await peer.settle();
    assert.equal(dataBytes(peer), 105);
    peer.send(settings([INITIAL_WINDOW_SIZE, 10_000]));
    await peer.settle();
    assert.equal(dataBytes(peer), 1000);
  });

  it("keeps to the peer's frame size, also after it changes", async (t) => {
    const { peer, ask } = await serving(t, 60_000, [INITIAL_WINDOW_SIZE, 1_000_000], [MAX_FRAME_SIZE, 20_000]);
    ask(1);
    await peer.settle();
    assert.deepEqual(
      peer.ofType(Type.DATA).map((data) => data.payload.length),
      [20_000, 20_000, 20_000],
    );
    peer.send(settings([MAX_FRAME_SIZE, 16_384]), frame(Type.WINDOW_UPDATE, 0, 0, uint32(100_000)));
    ask(3);
    await peer.settle();
    assert.equal(Math.max(...peer.ofType(Type.DATA, 3).map((data) => data.payload.length)), 16_384);
  });
});

describe("the end of a message", () => {
  it("without a body waits for no window, and for no other stream", async (t) => {
    const { peer, ask, streams } = await answeringNothing(t, [INITIAL_WINDOW_SIZE, 1_000_000]);
    ask(1);
    ask(3);
    await peer.settle();
    const [long, empty] = streams as [ServerStream, ServerStream];
    for (const stream of streams) stream.respond(OK);
    long.data(Buffer.alloc(100_000));
    await peer.settle();
    assert.equal(dataBytes(peer), 65_535);
    empty.end();
    await peer.settle();
    const [end] = peer.ofType(Type.DATA, 3);
    assert.deepEqual([end?.flags, end?.payload.length], [END_STREAM, 0]);
  });
});

describe("a response that ends before its request", () => {
  /** Returns a server's stream with such a response of `bytes` bytes, of which 10 can be sent at once. */
  async function early(t: import("node:test").TestContext, bytes: number, withTrailers = true) {
    const { peer, ask, streams } = await answeringNothing(t, [INITIAL_WINDOW_SIZE, 10]);
    ask(1, false);
    await peer.settle();
    const stream = streams[0] as ServerStream;
    stream.respond(OK);
    assert.throws(() => stream.dropRequest(), /has not been ended/);
    stream.data(Buffer.alloc(bytes), !withTrailers);
    if (withTrailers) stream.trailers(DONE);
    stream.dropRequest();
    await peer.settle();
    return { peer, stream };
  }
  const kinds = (peer: RawPeer) => peer.frames.filter(({ streamId }) => streamId === 1).map(({ type }) => type);
  const { HEADERS, DATA, RST_STREAM } = Type;

  it("is followed by a reset with NO_ERROR (RFC 9113 §8.1)", async (t) => {
    const { peer, stream } = await early(t, 10);
    assert.deepEqual(kinds(peer), [HEADERS, DATA, HEADERS, RST_STREAM]);
    assert.deepEqual(peer.ofType(RST_STREAM)[0]?.payload, uint32(ErrorCode.NO_ERROR));
    assert.equal(stream.isClosed, true);
    stream.dropRequest();
  });

  for (const withTrailers of [true, false]) {
    it(`is complete before that, however long it waits, ${withTrailers ? "with" : "without"} trailers`, async (t) => {
      const { peer, stream } = await early(t, 20, withTrailers);
      assert.deepEqual([kinds(peer), stream.isClosed], [[HEADERS, DATA], false]);
      peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(10)));
      assert.equal(await peer.resetCode(1), ErrorCode.NO_ERROR);
      assert.deepEqual(kinds(peer), [HEADERS, DATA, DATA, ...(withTrailers ? [HEADERS] : []), RST_STREAM]);
      assert.equal(dataBytes(peer), 20);
      assert.equal(stream.isClosed, true);
    });
  }

  it("is not followed by a reset if the request has become complete meanwhile", async (t) => {
    const { peer, stream } = await early(t, 20);
    peer.send(frame(Type.DATA, END_STREAM, 1), frame(Type.WINDOW_UPDATE, 0, 1, uint32(10)));
    await peer.settle();
    assert.deepEqual(kinds(peer), [HEADERS, DATA, DATA, HEADERS]);
    assert.equal(stream.isClosed, true);
  });
});

describe("flow-control accounting", () => {
  it("is never off by a byte, whatever is sent, paused, padded and reset", async (t) => {
    const steps = fc.array(
      fc.record({
        stream: fc.nat(3),
        size: fc.nat(3000),
        padding: fc.option(fc.nat(255), { nil: null }),
        action: fc.constantFrom("send", "send", "send", "end", "reset", "pause", "resume", "consume"),
      }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const { client, server } = await socketPair(t);
        const streams = new Map<number, ServerStream>();
        const connection = new ServerConnection(
          server,
          {
            onStream(stream) {
              streams.set(stream.id, stream);
              return { onData() {}, onTrailers() {}, onReset() {} };
            },
          },
          { settings: { initialWindowSize: 20_000 }, connectionWindowSize: 65_535 },
        );
        const peer = new RawPeer(client, false);
        peer.begin();
        const ids = [1, 3, 5, 7];
        for (const id of ids) peer.send(frame(Type.HEADERS, END_HEADERS, id, POST_FIELDS));
        await peer.settle();
        const open = new Set(ids);
        let sentTotal = 0;
        const sent = new Map<number, number>(ids.map((id) => [id, 0]));
        const updates = (id: number): number =>
          peer.ofType(Type.WINDOW_UPDATE, id).reduce((sum, update) => sum + update.payload.readUInt32BE(0), 0);
        for (const { stream, size, padding, action } of list) {
          const id = ids[stream] ?? 1;
          const target = streams.get(id);
          if (target === undefined || !open.has(id)) continue;
          if (action === "pause") target.pause();
          if (action === "resume") target.resume();
          if (action === "consume") target.consume(size);
          if (action === "reset") {
            target.reset();
            open.delete(id);
          }
          if (action !== "send" && action !== "end") continue;
          const length = size + (padding === null ? 0 : padding + 1);
          const streamLeft = 20_000 + updates(id) - (sent.get(id) ?? 0);
          const connectionLeft = 65_535 + updates(0) - sentTotal;
          if (length > streamLeft || length > connectionLeft) continue;
          const body = Buffer.alloc(size);
          const end = action === "end" ? END_STREAM : 0;
          if (padding === null) peer.send(frame(Type.DATA, end, id, body));
          else
            peer.send(
              frame(Type.DATA, end | PADDED, id, Buffer.concat([Buffer.from([padding]), body, Buffer.alloc(padding)])),
            );
          sentTotal += length;
          sent.set(id, (sent.get(id) ?? 0) + length);
          if (end !== 0) open.delete(id);
          await peer.settle();
        }
        // When every stream has ended, everything sent must have been given back, except for less than half a window.
        for (const stream of streams.values()) stream.reset();
        await peer.settle();
        assert.equal(peer.ofType(Type.GOAWAY).length, 0);
        const back = updates(0);
        assert.ok(back <= sentTotal && sentTotal - back < 65_535 / 2, `sent ${sentTotal}, given back ${back}`);
        for (const id of ids) assert.ok(updates(id) <= (sent.get(id) ?? 0));
        connection.destroy();
        await peer.closed;
      }),
      { numRuns: 40 },
    );
  });

  it("gives back all of the connection's window in the end", async (t) => {
    const { client } = await link(t, echo, {
      server: { connectionWindowSize: 65_535 },
      client: { connectionWindowSize: 65_535 },
    });
    for (let i = 0; i < 60; i++) {
      const size = (i * 7919) % 60_000;
      assert.equal((await exchange(client, Buffer.alloc(size))).body.length, size);
    }
  });
});

describe("a slow reader", () => {
  it("stops the writer: no more than its window is sent, and only what was passed on is kept", async (t) => {
    const reading = deferred<ServerStream>();
    const { client } = await link(
      t,
      {
        onStream(stream) {
          stream.pause();
          reading.resolve(stream);
          return new Call([], () => {});
        },
      },
      { server: { settings: { initialWindowSize: 100_000 } } },
    );
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    const collector = new Collector();
    const stream = client.request(POST, NO_FIELDS, false, collector);
    let written = 0;
    while (stream.data(Buffer.alloc(10_000))) written += 10_000;
    written += 10_000;
    const server = await reading.promise;
    await turns(20);
    assert.equal(written, 110_000);
    assert.equal(stream.waitingBytes, 10_000);
    assert.equal(collector.drains, 0);
    server.consume(60_000);
    while (collector.drains === 0) await turns(1);
    assert.equal(stream.waitingBytes, 0);
    stream.reset();
  });

  it("that does not read its socket at all stops the writer as well", async (t) => {
    const { client, server } = await socketPair(t);
    server.pause();
    const connection = new ClientConnection(client);
    const handler = new Collector();
    // Nobody reads the peer's socket; it only sends settings that allow everything.
    server.write(
      Buffer.concat([
        settings([INITIAL_WINDOW_SIZE, 2 ** 31 - 1]),
        frame(Type.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 65_536)),
      ]),
    );
    await turns(20);
    const stream = connection.request(POST, NO_FIELDS, false, handler);
    const chunk = Buffer.alloc(100_000);
    let accepted = 0;
    for (let i = 0; i < 200; i++) {
      if (stream.data(chunk)) accepted++;
      else if (handler.drains === 0) {
        await turns(5);
        if (stream.waitingBytes > 0) break;
      }
      handler.drains = 0;
    }
    assert.ok(stream.waitingBytes > 0);
    assert.ok(stream.waitingBytes <= chunk.length, `${stream.waitingBytes} bytes kept`);
    assert.ok(client.writableLength < 2_000_000);
    connection.destroy();
    assert.ok(accepted < 200);
  });

  it("receives everything once it resumes", async (t) => {
    const paused = deferred<ServerStream>();
    const { client } = await link(
      t,
      {
        onStream(stream, headers) {
          stream.pause();
          paused.resolve(stream);
          return new Call([...headers.fields], (s, body) => s.reply(OK, NO_FIELDS, null, body, DONE));
        },
      },
      { server: { settings: { initialWindowSize: 50_000 } } },
    );
    const response = exchange(client, Buffer.alloc(400_000, 5));
    const stream = await paused.promise;
    await turns(20);
    stream.resume();
    assert.ok((await response).body.equals(Buffer.alloc(400_000, 5)));
  });

  it("does not hold up the connection's other streams", async (t) => {
    const { client } = await link(t, {
      onStream(stream, headers, extra, endStream) {
        if ([...headers.fields, ...extra].includes("slow")) stream.pause();
        const call = new Call([...headers.fields], (s, body) => s.reply(OK, NO_FIELDS, null, body, DONE));
        if (endStream) call.finish(stream);
        return call;
      },
    });
    const slow = client.request(POST, ["x-kind", "slow"], false, new Collector());
    slow.data(Buffer.alloc(6_000_000));
    for (let i = 0; i < 5; i++) assert.equal((await exchange(client, Buffer.alloc(1_000_000))).body.length, 1_000_000);
    assert.ok(slow.waitingBytes > 0);
    slow.reset();
  });
});

describe("a peer that exceeds its window", () => {
  it("of the stream has that stream reset", async (t) => {
    const { client, server } = await socketPair(t);
    const handler = answering(() => {});
    new ServerConnection(server, handler, { settings: { initialWindowSize: 100 } });
    const peer = new RawPeer(client, false);
    peer.begin();
    peer.send(frame(Type.SETTINGS, 1, 0));
    peer.send(frame(Type.HEADERS, END_HEADERS, 1, POST_FIELDS), frame(Type.DATA, 0, 1, Buffer.alloc(101)));
    assert.equal(await peer.resetCode(1), 3);
    await peer.settle();
  });

  it("of the connection ends the connection", async (t) => {
    const { client, server } = await socketPair(t);
    new ServerConnection(
      server,
      {
        onStream(stream) {
          stream.pause();
          return new Call([], () => {});
        },
      },
      { maxUnreadBytes: 100_000 },
    );
    const peer = new RawPeer(client, false);
    peer.begin();
    peer.send(frame(Type.HEADERS, END_HEADERS, 1, POST_FIELDS));
    for (let i = 0; i < 7; i++) peer.send(frame(Type.DATA, 0, 1, Buffer.alloc(16_000)));
    assert.equal(await peer.goAwayCode(), 3);
    await peer.closed;
  });

  it("makes a client end its connection too", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ClientConnection(client, {}, { maxUnreadBytes: 100_000 });
    const peer = new RawPeer(server, true);
    peer.begin();
    const collector = new Collector();
    const stream = connection.request(POST, NO_FIELDS, true, collector);
    stream.pause();
    await peer.next(Type.HEADERS);
    peer.send(frame(Type.HEADERS, END_HEADERS, 1, OK_FIELDS));
    for (let i = 0; i < 7; i++) peer.send(frame(Type.DATA, 0, 1, Buffer.alloc(16_000)));
    assert.equal(await peer.goAwayCode(), 3);
    await assert.rejects(collector.response, { errorCode: 3 });
  });
});
