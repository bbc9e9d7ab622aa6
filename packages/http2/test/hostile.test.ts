import "../../../tests/dist/support/follow-fake-timers.js"; // must be imported before the code under test

import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import {
  ClientConnection,
  type ConnectionError,
  type ConnectionOptions,
  ErrorCode,
  NO_FIELDS,
  ServerConnection,
  type ServerConnectionHandler,
} from "@vyra/http2";
import {
  CONTROL_BURST,
  MAX_CONTINUATIONS,
  PROVOKED_RESET_BURST,
  RESET_BURST,
  SETTINGS_BURST,
} from "../dist/connection/abuse-limits.js";
import { answering, Collector, DONE, echo, exchange, link, OK, POST } from "./support/exchange.js";
import {
  END_HEADERS,
  END_STREAM,
  fields,
  frame,
  GET as GET_FIELDS,
  POST as POST_FIELDS,
  RawPeer,
  settings,
  Type,
  uint32,
} from "./support/raw-peer.js";
import { deferred, socketPair, turns } from "./support/sockets.js";

const { ENHANCE_YOUR_CALM } = ErrorCode;
const silent = answering(() => {});

interface Attack {
  readonly peer: RawPeer;
  readonly socket: Socket;
  readonly connection: ServerConnection;
  readonly closed: Promise<ConnectionError | null>;
}

/** Connects a server to an attacker. */
async function attack(
  t: TestContext,
  handler: ServerConnectionHandler = echo,
  options: ConnectionOptions = {},
): Promise<Attack> {
  const { client, server } = await socketPair(t);
  // The clock of the budgets is stopped: on a busy machine an attack takes long enough for them to refill.
  const now = performance.now();
  t.mock.method(performance, "now", () => now);
  const closed = deferred<ConnectionError | null>();
  const connection = new ServerConnection(server, { ...handler, onClose: closed.resolve }, options);
  const peer = new RawPeer(client, false);
  peer.begin();
  return { peer, socket: server, connection, closed: closed.promise };
}

/** Waits for the end of an attacked connection and checks that GOAWAY and the error give this reason. */
async function cutOff({ peer, closed }: Attack, reason: RegExp): Promise<void> {
  assert.equal(await peer.goAwayCode(), ENHANCE_YOUR_CALM);
  assert.match((await closed)?.message ?? "", reason);
  await peer.closed;
}

const open = (streamId: number): Buffer => frame(Type.HEADERS, END_HEADERS, streamId, POST_FIELDS);
const whole = (streamId: number): Buffer => frame(Type.HEADERS, END_HEADERS | END_STREAM, streamId, GET_FIELDS);
const reset = (streamId: number): Buffer => frame(Type.RST_STREAM, 0, streamId, uint32(ErrorCode.CANCEL));
const times = (count: number, make: (n: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, n) => make(n)));

describe("an attacker is cut off who", () => {
  it("opens and resets streams without end (rapid reset, CVE-2023-44487)", async (t) => {
    let started = 0;
    const running = await attack(t, {
      onStream() {
        started++;
        return { onData() {}, onTrailers() {}, onReset() {} };
      },
    });
    running.peer.send(times(RESET_BURST + 2000, (n) => Buffer.concat([open(2 * n + 1), reset(2 * n + 1)])));
    await cutOff(running, /CVE-2023-44487/);
    assert.ok(started < RESET_BURST + 2000);
  });

  const provocations: [what: string, provoke: (streamId: number) => Buffer][] = [
    ["window updates of 0", (id) => frame(Type.WINDOW_UPDATE, 0, id, uint32(0))],
    ["windows that overflow", (id) => frame(Type.WINDOW_UPDATE, 0, id, uint32(2 ** 31 - 1))],
    ["priority on itself", (id) => frame(Type.PRIORITY, 0, id, Buffer.concat([uint32(id), Buffer.from([1])]))],
    [
      "bodies after their end",
      (id) => Buffer.concat([frame(Type.DATA, END_STREAM, id), frame(Type.DATA, 0, id, Buffer.from("x"))]),
    ],
  ];
  for (const [what, provoke] of provocations) {
    it(`makes us reset streams without end, by ${what} (MadeYouReset, CVE-2025-8671)`, async (t) => {
      const running = await attack(t, silent);
      running.peer.send(
        times(PROVOKED_RESET_BURST + 1000, (n) => Buffer.concat([open(2 * n + 1), provoke(2 * n + 1)])),
      );
      await cutOff(running, /CVE-2025-8671/);
    });
  }

  it("sends malformed requests without end (CVE-2025-8671)", async (t) => {
    const running = await attack(t, silent);
    const bad = fields(":method", "GET", "Bad", "1");
    running.peer.send(times(PROVOKED_RESET_BURST + 1000, (n) => frame(Type.HEADERS, END_HEADERS, 2 * n + 1, bad)));
    await cutOff(running, /CVE-2025-8671/);
  });

  it("sends CONTINUATION without end (CVE-2024-27316)", async (t) => {
    const running = await attack(t);
    const fragment = frame(Type.CONTINUATION, 0, 1, Buffer.alloc(10, 0x82));
    running.peer.send(
      frame(Type.HEADERS, 0, 1, GET_FIELDS),
      times(MAX_CONTINUATIONS + 10, () => fragment),
    );
    await cutOff(running, /CVE-2024-27316/);
  });

  const beginnings: [what: string, bytes: Buffer][] = [
    ["a field block", frame(Type.HEADERS, 0, 1, GET_FIELDS)],
    ["a frame", frame(Type.HEADERS, END_HEADERS, 1, GET_FIELDS).subarray(0, 12)],
    [
      "a field block's second frame",
      Buffer.concat([frame(Type.HEADERS, 0, 1), frame(Type.CONTINUATION, 0, 1).fill(9, 2, 3)]),
    ],
  ];
  for (const [what, bytes] of beginnings) {
    it(`begins ${what} and does not finish it`, async (t) => {
      const running = await attack(t, echo, { headerTimeoutMs: 1 });
      running.peer.send(bytes);
      await cutOff(running, /incomplete after 1 ms/);
    });
  }

  it("sends a field block of megabytes (CVE-2024-27316)", async (t) => {
    const running = await attack(t);
    const fragment = frame(Type.CONTINUATION, 0, 1, Buffer.alloc(16_384));
    running.peer.send(
      frame(Type.HEADERS, 0, 1, GET_FIELDS),
      times(20, () => fragment),
    );
    await cutOff(running, /CVE-2024-27316/);
  });

  it("announces a field block of megabytes in one frame, before it has sent it", async (t) => {
    const running = await attack(t, echo, { settings: { maxFrameSize: 2 ** 20 } });
    running.peer.send(frame(Type.HEADERS, END_HEADERS, 1, Buffer.alloc(1_000_000)).subarray(0, 100));
    await cutOff(running, /field block/);
  });

  it("pings without end (CVE-2019-9512)", async (t) => {
    const running = await attack(t);
    running.peer.send(times(CONTROL_BURST + 1000, () => frame(Type.PING, 0, 0, Buffer.alloc(8))));
    await cutOff(running, /CVE-2019-9512/);
  });

  it("sends settings without end (CVE-2019-9515)", async (t) => {
    const running = await attack(t);
    running.peer.send(times(SETTINGS_BURST + 100, () => settings([4, 1000])));
    await cutOff(running, /CVE-2019-9515/);
  });

  const empties: [what: string, make: () => Buffer][] = [
    ["empty data frames (CVE-2019-9518)", () => frame(Type.DATA, 0, 1)],
    ["data frames of padding only (CVE-2019-9518)", () => frame(Type.DATA, 8, 1, Buffer.from([1, 0]))],
    ["priority frames", () => frame(Type.PRIORITY, 0, 1, Buffer.alloc(5))],
    ["unknown frames", () => frame(0x99, 0, 1)],
    ["window updates (CVE-2019-9511)", () => frame(Type.WINDOW_UPDATE, 0, 1, uint32(1))],
    ["acknowledgements of nothing", () => frame(Type.PING, 1, 0, Buffer.alloc(8))],
    ["goaways", () => frame(Type.GOAWAY, 0, 0, uint32(0, 0))],
  ];
  for (const [what, make] of empties) {
    it(`sends ${what} without end`, async (t) => {
      const running = await attack(t, silent);
      running.peer.send(open(1), times(CONTROL_BURST + 1000, make));
      await cutOff(running, /without content/);
    });
  }

  it("sends empty CONTINUATION frames (CVE-2019-9518)", async (t) => {
    const running = await attack(t);
    running.peer.send(
      frame(Type.HEADERS, 0, 1),
      times(1000, () => frame(Type.CONTINUATION, 0, 1)),
    );
    await cutOff(running, /CVE/);
  });

  it("resets a stream again and again (CVE-2019-9514)", async (t) => {
    const running = await attack(t, silent);
    running.peer.send(
      open(1),
      times(CONTROL_BURST + 1000, () => reset(1)),
    );
    await cutOff(running, /without content/);
  });

  it("wants a large answer one byte at a time (CVE-2019-9511, CVE-2019-9517)", async (t) => {
    const running = await attack(
      t,
      answering((stream) => stream.reply(OK, NO_FIELDS, null, Buffer.alloc(1_000_000), DONE)),
    );
    const { peer } = running;
    peer.send(settings([4, 0]), whole(1));
    // Each read must contain an update, so that each update causes a frame of its own.
    const update = frame(Type.WINDOW_UPDATE, 0, 1, uint32(1));
    for (let i = 0; i < 40 && !peer.isClosed; i++) {
      peer.send(times(500, () => update));
      await turns(2);
    }
    await cutOff(running, /without content/);
    const sent = peer.ofType(Type.DATA).reduce((sum, data) => sum + data.payload.length, 0);
    assert.ok(sent < 100_000);
  });
});

describe("memory is bounded when an attacker", () => {
  it("sends an HPACK bomb: one large entry, named thousands of times", async (t) => {
    let lists = 0;
    const running = await attack(t, {
      ...silent,
      onStream(...args) {
        lists++;
        return silent.onStream(...args);
      },
    });
    const { peer } = running;
    const entry = Buffer.concat([
      Buffer.from([0x40, 1]),
      Buffer.from("x"),
      Buffer.from([0x7f, 0x81, 0x1e]),
      Buffer.alloc(3968, 97),
    ]);
    for (let n = 0; n < 50; n++) {
      const block = Buffer.concat([GET_FIELDS, n === 0 ? entry : Buffer.alloc(0), Buffer.alloc(12_000, 0xbe)]);
      peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, block));
      assert.equal(await peer.resetCode(2 * n + 1), ENHANCE_YOUR_CALM);
    }
    assert.equal(lists, 0);
    peer.send(whole(1001));
    await peer.settle();
    assert.equal(lists, 1);
  });

  it("sends fields without name or value (CVE-2019-9516)", async (t) => {
    const { peer } = await attack(t);
    const empty = Buffer.from([0, 0, 0]);
    peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([GET_FIELDS, times(4000, () => empty)])));
    assert.equal(await peer.resetCode(1), ENHANCE_YOUR_CALM);
    peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, Buffer.concat([GET_FIELDS, empty])));
    assert.equal(await peer.resetCode(3), ErrorCode.PROTOCOL_ERROR);
  });

  it("reads no responses, however many it requests", async (t) => {
    const body = Buffer.alloc(10_000);
    let answered = 0;
    const { peer, socket } = await attack(
      t,
      answering((stream) => {
        answered++;
        stream.reply(OK, NO_FIELDS, null, body, DONE);
      }),
      { settings: { maxConcurrentStreams: 100_000 }, maxWaitingBytes: 2_000_000 },
    );
    peer.send(settings([4, 2 ** 31 - 1]), frame(Type.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 65_536)));
    await peer.settle();
    peer.socket.pause();
    for (let n = 0; n < 200; n++) {
      peer.send(times(100, (i) => whole(2 * (n * 100 + i) + 1)));
      await turns(2);
    }
    // The limit includes what the socket holds, what is being written, and requests in a chunk that is being read.
    assert.ok(answered * body.length < 8_000_000, `${answered} answers were made`);
    assert.ok(socket.writableLength < 2_000_000);
    peer.socket.resume();
    while (!peer.isClosed && answered + peer.ofType(Type.RST_STREAM).length < 20_000) await turns(5);
  });

  it("keeps its windows shut: no more of its requests are accepted", async (t) => {
    let answered = 0;
    const { peer } = await attack(
      t,
      answering((stream) => {
        answered++;
        stream.reply(OK, NO_FIELDS, null, Buffer.alloc(100_000), DONE);
      }),
      { maxWaitingBytes: 1_000_000 },
    );
    peer.send(settings([4, 0]));
    peer.send(times(100, (n) => whole(2 * n + 1)));
    assert.equal(await peer.resetCode(199), ErrorCode.REFUSED_STREAM);
    assert.equal(answered, 10);
  });

  it("keeps its windows shut, and never opens them (zero-window stall, CVE-2019-9517)", async (t) => {
    const running = await attack(
      t,
      answering((stream) => stream.reply(OK, NO_FIELDS, null, Buffer.alloc(6_000_000), DONE)),
      { stallTimeoutMs: 20 },
    );
    running.peer.send(settings([4, 0]), whole(1), whole(3), whole(5));
    await cutOff(running, /CVE-2019-9517/);
  });

  it("reads none of the acknowledgements it causes (CVE-2019-9512, -9515)", async (t) => {
    const { peer, closed } = await attack(t, echo, { abuseLimits: { controlBurst: 1_000_000 } });
    peer.socket.pause();
    const pings = times(5000, () => frame(Type.PING, 0, 0, Buffer.alloc(8)));
    let over = false;
    closed.then(() => {
      over = true;
    });
    for (let n = 0; n < 100 && !over; n++) {
      peer.send(pings);
      await turns(2);
    }
    peer.socket.resume();
    assert.match((await closed)?.message ?? "", /does not read/);
  });

  it("opens more streams than it may: the excess is refused, and never reaches the application", async (t) => {
    let started = 0;
    const { peer } = await attack(
      t,
      {
        onStream() {
          started++;
          return { onData() {}, onTrailers() {}, onReset() {} };
        },
      },
      { settings: { maxConcurrentStreams: 10 } },
    );
    peer.send(times(30, (n) => open(2 * n + 1)));
    assert.equal(await peer.resetCode(59), ErrorCode.REFUSED_STREAM);
    assert.equal(started, 10);
    assert.equal(peer.ofType(Type.RST_STREAM).length, 20);
  });
});

describe("a busy honest peer is not cut off that", () => {
  it("cancels a quarter of very many calls", async (t) => {
    const { client } = await link(t, echo);
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    for (let round = 0; round < 150; round++) {
      const answers: Promise<unknown>[] = [];
      for (let n = 0; n < 400; n++) {
        if (n % 4 === 0) client.request(POST, NO_FIELDS, false, new Collector()).reset();
        else answers.push(exchange(client, Buffer.from("x")));
      }
      await Promise.all(answers);
    }
    assert.equal(client.isClosed, false);
  });

  it("cancels everything it has in flight at once", async (t) => {
    const { client } = await link(
      t,
      answering(() => {}),
    );
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    const streams = Array.from({ length: 4000 }, () => client.request(POST, NO_FIELDS, false, new Collector()));
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    for (const stream of streams) stream.reset();
    await new Promise<void>((resolve, reject) => client.ping((_ms, error) => (error ? reject(error) : resolve())));
    assert.equal(client.openStreams, 0);
  });

  it("pings and updates windows for each piece of data, as grpc-go does", async (t) => {
    const { peer } = await attack(t, { onStream: () => ({ onData() {}, onTrailers() {}, onReset() {} }) });
    peer.send(open(1));
    const round = Buffer.concat([
      frame(Type.DATA, 0, 1, Buffer.alloc(10)),
      frame(Type.PING, 0, 0, Buffer.alloc(8)),
      frame(Type.WINDOW_UPDATE, 0, 0, uint32(1)),
      frame(Type.WINDOW_UPDATE, 0, 1, uint32(1)),
    ]);
    for (let n = 0; n < 40; n++) {
      peer.send(times(1000, () => round));
      await peer.settle();
    }
    assert.equal(peer.ofType(Type.GOAWAY).length, 0);
  });
});

describe("a hostile server", () => {
  it("is cut off by the client in the same way", async (t) => {
    const { client, server } = await socketPair(t);
    const closed = deferred<ConnectionError | null>();
    new ClientConnection(client, { onClose: closed.resolve });
    const peer = new RawPeer(server, true);
    peer.begin();
    peer.send(times(CONTROL_BURST + 1000, () => frame(Type.PING, 0, 0, Buffer.alloc(8))));
    assert.equal(await peer.goAwayCode(), ENHANCE_YOUR_CALM);
    assert.equal((await closed.promise)?.errorCode, ENHANCE_YOUR_CALM);
  });
});
