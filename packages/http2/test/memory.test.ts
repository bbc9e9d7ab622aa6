import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { NO_FIELDS, type RequestHandler, ServerConnection, type ServerStream, SharedAccount } from "@vyra/http2";
import { Collector, DONE, exchange, link, OK, POST } from "./support/exchange.js";
import { END_HEADERS, frame, POST as POST_FIELDS, RawPeer, Type } from "./support/raw-peer.js";
import { socketPair, turns } from "./support/sockets.js";

const KiB = 1_024;
const MiB = KiB * KiB;
const LIMIT = 64 * MiB;
const ACK = 1;
const INITIAL_WINDOW_SIZE = 4;

const silent: RequestHandler = { onData() {}, onTrailers() {}, onReset() {} };

/**
 * Returns a handler that reads each request to its end and then responds, except for requests with the field
 * `x-kind: slow`, which it does not read.
 */
function handler(slow: ServerStream[]) {
  return {
    onStream(stream: ServerStream, headers: { fields: readonly string[] }, extra: readonly string[], ended: boolean) {
      if ([...headers.fields, ...extra].includes("slow")) {
        stream.pause();
        slow.push(stream);
        return silent;
      }
      if (ended) stream.reply(OK, NO_FIELDS, null, Buffer.alloc(0), DONE);
      return {
        ...silent,
        onData(s: ServerStream, _buffer: Uint8Array, _start: number, _end: number, isLast: boolean) {
          if (isLast) s.reply(OK, NO_FIELDS, null, Buffer.alloc(0), DONE);
        },
      };
    },
  };
}

function framesIn(bytes: Buffer, type: number, streamId: number): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === type && bytes.readUInt32BE(at + 5) === streamId) count++;
  }
  return count;
}

/** Waits until a value no longer changes. @returns the value */
async function settled(value: () => number): Promise<number> {
  for (let calm = 0, before = value(); calm < 20; before = value()) {
    await turns(10);
    calm = value() === before ? calm + 1 : 0;
  }
  return value();
}

describe("unread streams", () => {
  it("close their own windows and no others, however many there are", async (t) => {
    const slow: ServerStream[] = [];
    const { client, server } = await link(t, handler(slow));
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    for (let i = 0; i < 2_000; i++) {
      client.request(POST, ["x-kind", "slow"], false, new Collector()).data(Buffer.alloc(300 * KiB));
    }
    await settled(() => server.account.receivedBytes);
    assert.equal(slow.length, 2_000);
    const held = server.account.receivedBytes;
    assert.ok(held >= LIMIT / 8 && held <= 62 * MiB, `${held} bytes are held`);
    for (let i = 0; i < 3; i++) await exchange(client, Buffer.alloc(5 * MiB));
    for (const stream of slow) stream.reset();
    assert.equal(server.account.receivedBytes, 0);
  });

  it("get their former windows back when they have been read", async (t) => {
    const slow: ServerStream[] = [];
    const { client, server } = await link(t, handler(slow));
    const streams = Array.from({ length: 64 }, () => {
      const stream = client.request(POST, ["x-kind", "slow"], false, new Collector());
      stream.data(Buffer.alloc(300 * KiB));
      return stream;
    });
    await settled(() => server.account.receivedBytes);
    assert.equal(client.peerSettings.initialWindowSize, 256);
    for (const stream of slow) stream.resume();
    await settled(() => streams.reduce((sum, stream) => sum + stream.waitingBytes, 0));
    assert.deepEqual([server.account.receivedBytes, streams.some((stream) => stream.waitingBytes > 0)], [0, false]);
    while (client.peerSettings.initialWindowSize === 256) await turns(10);
    assert.equal(client.peerSettings.initialWindowSize, 256 * KiB);
  });

  it("of a peer that ignores settings hold no more than the limit", async (t: TestContext) => {
    const { client, server } = await socketPair(t);
    const slow: ServerStream[] = [];
    const connection = new ServerConnection(
      server,
      {
        onStream(stream) {
          stream.pause();
          slow.push(stream);
          return silent;
        },
      },
      { settingsTimeoutMs: 0 },
    );
    const peer = new RawPeer(client, false);
    peer.begin();
    const ids = Array.from({ length: 300 }, (_, i) => 2 * i + 1);
    for (const id of ids) peer.send(frame(Type.HEADERS, END_HEADERS, id, POST_FIELDS));
    await peer.settle();
    let sent = 0;
    const window = () =>
      65_535 - sent + peer.ofType(Type.WINDOW_UPDATE, 0).reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
    // The peer acknowledges no settings, so it may fill each stream's initial window.
    for (const id of ids) {
      for (let left = 256 * KiB; left > 0 && window() > 0; ) {
        const bytes = Math.min(left, 16_384, window());
        peer.send(frame(Type.DATA, 0, id, Buffer.alloc(bytes)));
        sent += bytes;
        left -= bytes;
        if (window() < 65_536) await peer.settle();
      }
    }
    await peer.settle();
    assert.ok(sent > LIMIT / 8 && sent <= LIMIT, `${sent} bytes were sent`);
    assert.equal(connection.account.receivedBytes, sent);
    assert.equal(peer.ofType(Type.GOAWAY).length, 0);
  });

  it("cause one announcement, and hold 256 bytes each from then on", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ServerConnection(
      server,
      {
        onStream(stream) {
          stream.pause();
          return silent;
        },
      },
      { settingsTimeoutMs: 0 },
    );
    const peer = new RawPeer(client, false);
    peer.begin();
    const fill = async (id: number, bytes: number) => {
      peer.send(frame(Type.HEADERS, END_HEADERS, id, POST_FIELDS));
      for (let left = bytes; left > 0; left -= 16_384) {
        peer.send(frame(Type.DATA, 0, id, Buffer.alloc(Math.min(left, 16_384))));
      }
      await peer.settle();
    };
    for (let i = 0; i < 32; i++) await fill(2 * i + 1, 256 * KiB);
    const announced = peer.ofType(Type.SETTINGS).filter(({ flags }) => (flags & ACK) === 0);
    assert.equal(announced.length, 2);
    assert.equal(announced[1]?.payload.readUInt16BE(0), INITIAL_WINDOW_SIZE);
    assert.equal(announced[1]?.payload.readUInt32BE(2), 256);
    peer.send(frame(Type.SETTINGS, ACK, 0), frame(Type.SETTINGS, ACK, 0));
    await fill(101, 256);
    assert.equal(connection.account.receivedBytes, 8 * MiB + 256);
    peer.send(frame(Type.DATA, 0, 101, Buffer.alloc(1)));
    assert.equal(await peer.resetCode(101), 3);
  });
});

describe("a stream whose reader keeps up", () => {
  it("gets a larger window, so that large bodies need no more updates than with a window of 4 MiB", async (t) => {
    const { client, clientSocket } = await link(t, handler([]));
    const said: Buffer[] = [];
    clientSocket.on("data", (chunk: Buffer) => said.push(chunk));
    const collector = new Collector();
    const stream = client.request(POST, NO_FIELDS, false, collector);
    const chunk = Buffer.alloc(MiB);
    for (let i = 0; i < 100; i++) {
      const { drains } = collector;
      if (!stream.data(chunk)) while (collector.drains === drains) await turns(1);
    }
    stream.end();
    await collector.response;
    const updates = framesIn(Buffer.concat(said), Type.WINDOW_UPDATE, stream.id);
    assert.ok(updates <= 100 / 2 + 8, `${updates} updates for 100 MiB`);
  });
});

describe("messages larger than their stream's window", () => {
  it("are granted one by one, if there is memory for the whole message", async (t) => {
    const slow: ServerStream[] = [];
    const { client } = await link(t, handler(slow));
    const streams = Array.from({ length: 5 }, () => {
      const stream = client.request(POST, ["x-kind", "slow"], false, new Collector());
      stream.data(Buffer.alloc(6 * MiB));
      return stream;
    });
    const waiting = () => streams.map(({ waitingBytes }) => waitingBytes);
    await settled(() => waiting().reduce((sum, bytes) => sum + bytes));
    assert.deepEqual(waiting(), new Array(5).fill(6 * MiB - 256 * KiB));
    const rest = 6 * MiB - 256 * KiB;
    for (const stream of slow) stream.expect(rest);
    await settled(() => waiting().reduce((sum, bytes) => sum + bytes));
    assert.deepEqual(waiting(), [0, 0, rest, rest, rest]); // two fit into a quarter of 64 MiB
    slow[3]?.reset(); // it gives up its place in the line
    slow[0]?.consume(6 * MiB);
    await settled(() => waiting().reduce((sum, bytes) => sum + bytes));
    assert.deepEqual(waiting(), [0, 0, 0, 0, rest]);
    slow[1]?.reset();
    await settled(() => waiting().reduce((sum, bytes) => sum + bytes));
    assert.deepEqual(waiting(), [0, 0, 0, 0, 0]);
  });

  it("are granted alone even if they exceed the limit", async (t) => {
    const slow: ServerStream[] = [];
    const { client, server } = await link(t, handler(slow), { server: { maxUnreadBytes: 4 * MiB } });
    const stream = client.request(POST, ["x-kind", "slow"], false, new Collector());
    stream.data(Buffer.alloc(20 * MiB));
    while (slow.length === 0) await turns(1);
    await settled(() => stream.waitingBytes);
    slow[0]?.expect(stream.waitingBytes);
    await settled(() => stream.waitingBytes);
    assert.deepEqual([stream.waitingBytes, server.account.receivedBytes], [0, 20 * MiB]);
  });
});

describe("connections that share an account", () => {
  it("get their minimum while all together exceed the limit, and continue when there is room", async (t) => {
    const shared = new SharedAccount(8 * MiB);
    const slow: ServerStream[] = [];
    const options = { server: { shared, settings: { initialWindowSize: 4 * MiB } } };
    const greedy = await Promise.all(Array.from({ length: 12 }, () => link(t, handler(slow), options)));
    for (const { client } of greedy) {
      for (let i = 0; i < 4; i++) {
        client.request(POST, ["x-kind", "slow"], false, new Collector()).data(Buffer.alloc(3 * MiB));
      }
    }
    await settled(() => shared.heldBytes);
    assert.ok(shared.heldBytes >= 6 * MiB, `${shared.heldBytes} bytes are held`);
    assert.ok(shared.heldBytes <= shared.limitBytes + 12 * 448 * KiB, `${shared.heldBytes} bytes are held`);
    const modest = await link(t, handler(slow), options);
    await exchange(modest.client, Buffer.alloc(3 * MiB));
    for (const stream of slow) stream.resume();
    await settled(() => shared.heldBytes);
    assert.deepEqual([shared.heldBytes, shared.isOverLimit], [0, false]);
    for (const { client } of greedy) await exchange(client, Buffer.alloc(3 * MiB));
    for (const { server } of [...greedy, modest]) server.destroy();
    // Not in the published types.
    const { members, promisedBytes } = shared as unknown as { members: Set<unknown>; promisedBytes: number };
    assert.deepEqual([members.size, shared.heldBytes, promisedBytes], [0, 0, 0]);
  });

  it("close one that holds much without progress while all together exceed the limit", async (t) => {
    const shared = new SharedAccount(4 * MiB);
    const slow: ServerStream[] = [];
    const server = { shared, settings: { initialWindowSize: 4 * MiB }, stallTimeoutMs: 50 };
    const links = await Promise.all(Array.from({ length: 12 }, () => link(t, handler(slow), { server })));
    for (const { client } of links) {
      for (let i = 0; i < 4; i++) {
        client.request(POST, ["x-kind", "slow"], false, new Collector()).data(Buffer.alloc(3 * MiB));
      }
    }
    for (const { client } of links) client.close();
    const error = await Promise.race(links.map(({ serverClosed }) => serverClosed));
    assert.match(String(error?.message), /held without progress while all connections exceed their limit/);
    while (shared.isOverLimit) await turns(1);
    assert.ok(shared.heldBytes < shared.limitBytes);
  });
});

describe("fields of open streams", () => {
  it("are on the account; beyond half its limit, streams with long fields are refused", async (t) => {
    const slow: ServerStream[] = [];
    const { client, server } = await link(t, handler(slow));
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    const bytes = 60_000;
    const refused: string[] = [];
    const watcher = new Collector();
    watcher.onReset = (_stream, error) => refused.push(error.message);
    for (let i = 0; i < 1_000; i++) {
      client.request(POST, ["x-kind", "slow", "x-long", String(i).padStart(bytes, "a")], false, watcher);
      if (i % 50 === 0) await turns(1);
    }
    await settled(() => slow.length + refused.length);
    assert.equal(slow.length, Math.floor(LIMIT / 2 / (server.account.fieldBytes / slow.length)));
    assert.equal(slow.length + refused.length, 1_000);
    assert.ok(server.account.fieldBytes >= slow.length * bytes && server.account.fieldBytes <= LIMIT / 2);
    assert.ok(refused.every((message) => message.includes("REFUSED_STREAM")));
    await exchange(client, Buffer.alloc(100));
    for (const stream of slow) stream.reset();
    assert.equal(server.account.heldBytes, 0);
  });

  it("are on the account of whoever called, too, until the responses are over", async (t) => {
    const long = "x-long";
    const answered: ServerStream[] = [];
    const { client } = await link(t, {
      onStream(stream: ServerStream, _list, _extra, _ended) {
        answered.push(stream);
        stream.respond(OK, [long, String(answered.length).padStart(60_000, "a")]);
        return silent;
      },
    });
    const refused: string[] = [];
    let open = 0;
    const watcher = new Collector();
    watcher.onHeaders = () => void open++;
    watcher.onReset = (_stream, error) => refused.push(error.message);
    const streams = [];
    for (let i = 0; i < 1_000; i++) {
      streams.push(client.request(POST, NO_FIELDS, false, watcher));
      if (i % 50 === 0) await turns(1);
    }
    await settled(() => open + refused.length);
    assert.equal(open + refused.length, 1_000);
    assert.ok(client.account.fieldBytes >= open * 60_000 && client.account.fieldBytes <= LIMIT / 2);
    assert.ok(refused.length >= 400, `${refused.length} were refused`);
    assert.ok(refused.every((message) => message.includes("fields of all open responses")));
    for (const stream of streams) stream.reset();
    assert.equal(client.account.heldBytes, 0);
  });
});
