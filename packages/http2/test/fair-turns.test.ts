import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import {
  ClientConnection,
  NO_FIELDS,
  readInPlace,
  ServerConnection,
  type ServerConnectionHandler,
  type ServerStream,
  type StreamError,
} from "@vyra/http2";
import { FRAMES_A_TURN, FULL_READS_A_TURN, MIN_FRAMES, SLICE } from "../dist/receive/turn-budget.js";
import { Collector, echo, exchange, link, OK, POST } from "./support/exchange.js";
import {
  END_HEADERS,
  END_STREAM,
  frame,
  MAGIC,
  POST as POST_FIELDS,
  RawPeer,
  settings,
  Type,
  uint32,
} from "./support/raw-peer.js";
import { deferred, socketPair, turns } from "./support/sockets.js";

const idOf = (call: number): number => 2 * call + 1;
const opening = (call: number): Buffer => frame(Type.HEADERS, END_HEADERS, idOf(call), POST_FIELDS);
const whole = (call: number): Buffer => frame(Type.HEADERS, END_HEADERS | END_STREAM, idOf(call), POST_FIELDS);
const cancel = (call: number): Buffer => frame(Type.RST_STREAM, 0, idOf(call), uint32(8));
const bodyOf = (call: number): Buffer => frame(Type.DATA, END_STREAM, idOf(call), Buffer.from(`body ${call}`));
const list = (from: number, to: number, of: (call: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: to - from }, (_, i) => of(from + i)));

/** Returns a server whose received bytes come from the test, which may continue when reading is to be paused. */
async function fed(t: TestContext, handler: Partial<ServerConnectionHandler> = {}) {
  const { client, server } = await socketPair(t);
  const begun: number[] = [];
  const ended: number[] = [];
  const bodies = new Map<number, string>();
  const resets: StreamError[] = [];
  const connection = new ServerConnection(
    server,
    {
      onStream(stream, _headers, _extra, endStream) {
        begun.push((stream.id - 1) / 2);
        if (endStream) ended.push((stream.id - 1) / 2);
        return {
          onData({ id }, buffer, start, end, isLast) {
            const call = (id - 1) / 2;
            bodies.set(call, (bodies.get(call) ?? "") + Buffer.from(buffer.subarray(start, end)).toString());
            if (isLast) ended.push(call);
          },
          onTrailers() {},
          onReset: (_stream, error) => void resets.push(error),
        };
      },
      ...handler,
    },
    { reader: "caller" },
  );
  connection.receive(Buffer.concat([MAGIC, settings()]));
  const peer = new RawPeer(client, false);
  return { connection, peer, socket: server, begun, ended, bodies, resets };
}

/** The number of calls that `fed()` has open at once; it is below the server's limit. */
const MANY = 3 * FRAMES_A_TURN;

describe("a connection that has received more than its share of a turn", () => {
  it("continues in the next turns, each time after timers and other sockets", async (t) => {
    const { connection, socket, begun } = await fed(t);
    connection.receive(list(0, MANY, whole));
    const first = begun.length;
    assert.ok(first <= FRAMES_A_TURN && first >= SLICE, `${first} in the first turn`);
    assert.equal(socket.isPaused(), true);
    let timers = 0;
    const timer = setInterval(() => timers++, 0);
    let before = first;
    while (begun.length < MANY) {
      await turns(1);
      assert.ok(begun.length - before <= FRAMES_A_TURN, `${begun.length - before} in a turn`);
      before = begun.length;
    }
    clearInterval(timer);
    await turns(1);
    assert.equal(socket.isPaused(), false);
    assert.deepEqual(
      begun,
      Array.from({ length: MANY }, (_, i) => i),
    );
  });

  it("shares the turn with all others that have bytes left, and each may process a minimum", async (t) => {
    const servers = await Promise.all(Array.from({ length: 100 }, () => fed(t)));
    const calls = FRAMES_A_TURN + SLICE;
    const bytes = list(0, calls, whole);
    for (const { connection } of servers) connection.receive(bytes);
    const counts = () => servers.map(({ begun }) => begun.length);
    const all = () => counts().reduce((a, b) => a + b);
    assert.ok(all() <= FRAMES_A_TURN + 100 * MIN_FRAMES, `${all()} in the first turn`);
    for (let turn = 0; turn < 10; turn++) {
      const before = counts();
      await turns(1);
      counts().forEach((count, i) => {
        const done = count - (before[i] as number);
        assert.ok(count === calls || (done >= SLICE && done <= 2 * MIN_FRAMES), `${done} in a turn`);
      });
    }
    while (counts().some((count) => count < calls)) await turns(1);
  });

  it("loses nothing, keeps the order, and copies what will be overwritten, however its bytes are cut", async (t) => {
    const bytes = list(0, MANY, (call) => Buffer.concat([opening(call), bodyOf(call)]));
    for (const size of [1_000, 65_536, 100_003]) {
      const { connection, begun, ended, bodies } = await fed(t);
      const buffer = Buffer.alloc(size);
      for (let at = 0; at < bytes.length; at += size) {
        const read = bytes.copy(buffer, 0, at, at + size);
        connection.receive(buffer, 0, read);
      }
      while (ended.length < MANY) await turns(1);
      assert.deepEqual(
        begun,
        Array.from({ length: MANY }, (_, i) => i),
      );
      assert.deepEqual(ended, begun);
      assert.ok(begun.every((call) => bodies.get(call) === `body ${call}`));
    }
  });

  it("does not start calls whose cancellation has been received, and cancels running ones at once", async (t) => {
    const { connection, peer, begun, resets } = await fed(t);
    connection.receive(
      Buffer.concat([
        opening(0),
        list(1, MANY, whole),
        frame(Type.DATA, 0, idOf(0), Buffer.from("not looked at any more")),
        bodyOf(0),
        opening(MANY),
        bodyOf(MANY),
        list(0, 1, cancel),
        cancel(MANY),
        whole(MANY + 1),
      ]),
    );
    assert.ok(begun.length < MANY);
    assert.deepEqual(
      resets.map(({ streamId, origin }) => [streamId, origin]),
      [[idOf(0), "peer"]],
    );
    while (begun.at(-1) !== MANY + 1) await turns(1);
    assert.ok(!begun.includes(MANY), "the cancelled call was not begun");
    assert.equal(begun.length, MANY + 1);
    await turns();
    assert.equal(peer.ofType(Type.RST_STREAM).length, 0, "nothing was an error");
    assert.equal(peer.ofType(Type.GOAWAY).length, 0);
    assert.equal(connection.openStreams, MANY);
  });

  it("lets an honest client cancel everything that it has in flight", async (t) => {
    const { connection, peer, begun, resets } = await fed(t);
    connection.receive(Buffer.concat([list(0, 16_000, whole), list(0, 16_000, cancel)]));
    while (connection.openStreams > 0 || begun.length === 0) await turns(1);
    await turns();
    assert.equal(peer.ofType(Type.GOAWAY).length, 0);
    assert.equal(resets.length, begun.length);
  });

  it("counts a call cancelled before its start as opened and reset", async (t) => {
    const { connection, peer } = await fed(t);
    // The loop has no limit, since on a slow machine the budget refills meanwhile.
    for (let call = 0; !connection.isClosed; call += 1_000) {
      connection.receive(list(call, call + 1_000, (i) => Buffer.concat([opening(i), cancel(i)])));
      await turns(1);
    }
    assert.match((await peer.next(Type.GOAWAY)).payload.toString("latin1"), /opened and reset/);
  });

  it("ends at once when it is destroyed, and starts no more calls", async (t) => {
    const { connection, begun, resets } = await fed(t);
    connection.receive(list(0, MANY, whole));
    const { length } = begun;
    connection.destroy();
    await turns();
    assert.equal(begun.length, length);
    assert.equal(resets.length, length);
  });

  it("ends with the error of a later frame, and processes nothing after it", async (t) => {
    const { connection, peer, begun } = await fed(t);
    connection.receive(Buffer.concat([list(0, MANY, whole), frame(Type.PING, 0, 1, Buffer.alloc(8)), whole(MANY)]));
    while (!connection.isClosed) await turns(1);
    assert.equal(begun.length, MANY);
    assert.equal(await peer.goAwayCode(), 1);
    await turns();
    assert.equal(begun.length, MANY);
  });

  it("processes everything before it closes", async (t) => {
    const closed = deferred<unknown>();
    let handled = 0;
    const { connection, peer } = await fed(t, {
      onStream(stream) {
        handled++;
        stream.respond(OK, NO_FIELDS, true);
        return { onData() {}, onTrailers() {}, onReset() {} };
      },
      onClose: (error) => closed.resolve(error),
    });
    connection.receive(list(0, MANY, whole));
    connection.close();
    await peer.next(Type.GOAWAY);
    const { payload } = await peer.next(Type.PING);
    connection.receive(frame(Type.PING, 1, 0, payload));
    assert.equal(await closed.promise, null);
    assert.equal(handled, MANY);
  });
});

/** Serves a socket as an application does: it is read in place. */
function serveInPlace(socket: Socket, handler: ServerConnectionHandler): ServerConnection {
  const inPlace = readInPlace(socket, (buffer, start, end) => connection.receive(buffer, start, end));
  const connection: ServerConnection = new ServerConnection(inPlace, handler, { reader: "caller" });
  return connection;
}

describe("connections that send without end", () => {
  for (const [how, serve] of [
    ["read in place", serveInPlace],
    ["read by events", (socket: Socket, handler: ServerConnectionHandler) => new ServerConnection(socket, handler)],
  ] as const) {
    it(`have so much handled in a turn, whatever they have sent (${how})`, async (t) => {
      let handled = 0;
      let isOver = false;
      const answer: ServerConnectionHandler = {
        onStream(stream) {
          handled++;
          stream.respond(OK, NO_FIELDS, true);
          return { onData() {}, onTrailers() {}, onReset() {} };
        },
      };
      const greedy = 10;
      for (let i = 0; i < greedy; i++) {
        const { client, server } = await socketPair(t);
        serve(server, answer);
        client.resume();
        client.write(Buffer.concat([MAGIC, settings()]));
        let call = 0;
        const more = (): void => {
          if (isOver || client.destroyed) return;
          const bytes = list(call, call + 2_000, whole);
          call += 2_000;
          client.write(bytes, more);
        };
        more();
      }
      let most = 0;
      for (let turn = 0; turn < 100; turn++) {
        const before = handled;
        await turns(1);
        most = Math.max(most, handled - before);
      }
      // Connections that have waited share one turn, and those whose bytes arrive meanwhile share the next.
      assert.ok(most <= 3 * FRAMES_A_TURN + 2 * greedy * MIN_FRAMES, `${most} in a turn`);

      const { client, server } = await socketPair(t);
      serve(server, answer);
      const modest = new ClientConnection(client);
      const before = handled;
      assert.equal((await exchange(modest, Buffer.alloc(10))).status, 200);
      assert.ok(handled - before < 8 * FRAMES_A_TURN, `${handled - before} before the modest one`);
      isOver = true;
    });
  }

  it("do not keep libuv reading if they fill every read", async (t) => {
    const { client, server } = await socketPair(t);
    let bytes = 0;
    const connection = serveInPlace(server, {
      onStream: () => ({
        onData(_stream, _buffer, start, end) {
          bytes += end - start;
        },
        onTrailers() {},
        onReset() {},
      }),
    });
    const peer = new ClientConnection(client);
    const collector = new Collector();
    peer.requestMessage(POST, NO_FIELDS, null, Buffer.alloc(3_000_000), collector);
    let most = 0;
    while (bytes < 3_000_000) {
      const before = bytes;
      await turns(1);
      most = Math.max(most, bytes - before);
    }
    assert.ok(most <= FULL_READS_A_TURN * 65_536, `${most} bytes in a turn`);
    connection.destroy();
  });
});

describe("what has been received when the socket ends", () => {
  it("is processed when the peer has ended its side", async (t) => {
    const { client, server } = await socketPair(t);
    const begun: number[] = [];
    new ServerConnection(server, {
      onStream(stream: ServerStream) {
        begun.push(stream.id);
        stream.respond(OK, NO_FIELDS, true);
        return { onData() {}, onTrailers() {}, onReset() {} };
      },
    });
    client.resume();
    client.end(Buffer.concat([MAGIC, settings(), list(0, MANY, whole)]));
    await once(server, "close");
    assert.equal(begun.length, MANY);
  });

  it("is still a response for a client whose socket has failed", async (t) => {
    const { client, server } = await socketPair(t);
    const peer = new RawPeer(server, true);
    await once(client, "connect");
    const connection = new ClientConnection(client, {}, { reader: "caller" });
    connection.receive(settings([3, 2 ** 31 - 1]));
    const collectors = Array.from({ length: MANY }, () => {
      const collector = new Collector();
      connection.request(POST, NO_FIELDS, true, collector);
      return collector;
    });
    while (peer.ofType(Type.HEADERS).length < MANY) await turns(1);
    const status = frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, Buffer.from([0x88]));
    const answers = Buffer.concat(
      collectors.map((_, call) => Buffer.concat([status.subarray(0, 5), uint32(idOf(call)), Buffer.from([0x88])])),
    );
    connection.receive(answers);
    assert.ok(connection.openStreams > 0, "some wait for the next turn");
    client.destroy(new Error("of a broken pipe"));
    const responses = await Promise.all(collectors.map(({ response }) => response));
    assert.ok(responses.every(({ status }) => status === 200));
  });
});

describe("a server whose peer does not read", () => {
  it("does not process what it has received until the peer reads again", async (t) => {
    const { client, server } = await socketPair(t);
    let answered = 0;
    const long = "~".repeat(10_000);
    const connection = serveInPlace(server, {
      onStream(stream) {
        answered++;
        stream.respond(OK, ["x-long", `${stream.id}`.padEnd(10, "~") + long], true);
        return { onData() {}, onTrailers() {}, onReset() {} };
      },
    });
    client.write(Buffer.concat([MAGIC, settings([1, 0], [6, 100_000]), list(0, MANY, whole)]));
    await turns(100);
    // 4 MiB of fields may wait, and those of one turn come on top.
    assert.ok(answered < 420 + 2 * FRAMES_A_TURN, `${answered} answered`);
    const before = answered;
    await turns(20);
    assert.equal(answered, before);
    client.resume();
    while (answered < MANY) await turns(1);
    connection.destroy();
  });
});

describe("a client that receives more than its share of a turn", () => {
  it("receives all of it, in order, and timers run in between", async (t) => {
    const { client, clientSocket } = await link(t, echo, { server: { settings: { maxConcurrentStreams: 20_000 } } });
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    const done: number[] = [];
    const bodies = Array.from({ length: 10_000 }, (_, i) => Buffer.from(`${i}`));
    const responses = await Promise.all(
      bodies.map(async (body, i) => {
        const response = await exchange(client, body);
        done.push(i);
        return response.body.toString();
      }),
    );
    assert.deepEqual(responses, bodies.map(String));
    assert.deepEqual(
      done,
      bodies.map((_, i) => i),
    );
    assert.equal(clientSocket.isPaused(), false);
  });
});
