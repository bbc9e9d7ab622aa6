import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { type Channel, createChannel, type ServeOptions, type Server, serve } from "@vyra/ipc";
import { EchoRequestSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho, type Echo } from "../support/echo.js";
import { freshName, pathOf } from "../support/engines.js";
import { until } from "../support/expect.js";
import { envelope, rawServer } from "../support/raw.js";
import { END_STREAM, FrameType, frame, RawClient, requestHeaders } from "../support/raw-frames.js";

leaveNothingBehind();

const KiB = 1_024;
const MiB = KiB * KiB;
/** The initial window of a stream, in bytes. */
const window = 256 * KiB;

interface Running extends AsyncDisposable {
  readonly server: Server;
  readonly path: string;
  /** The bytes of received data that the server holds, according to its own account. */
  held(): number;
  channel(): Channel;
  raw(windowSize?: number): Promise<RawClient>;
}

/** Starts a server, and ends it with all its callers after the test. */
async function running(implementation: Partial<Echo>, options: Partial<ServeOptions> = {}): Promise<Running> {
  const socket = freshName();
  const server = await serve({
    signals: false,
    graceMs: 0,
    ...options,
    socket,
    routes: (router) => router.service(EchoService, { ...createEcho(), ...implementation }),
  });
  const path = server.address.slice("unix:".length);
  const raws: RawClient[] = [];
  const channels: Channel[] = [];
  const memory = () => server.stats().memory ?? assert.fail("nothing is counted");
  return {
    server,
    path,
    held: () => memory().unreadBytes + memory().unfinishedBytes,
    channel() {
      const channel = createChannel(socket, { timeoutMs: 60_000 });
      channels.push(channel);
      return channel;
    },
    async raw(windowSize) {
      const raw = await RawClient.connect(path, windowSize);
      raws.push(raw);
      return raw;
    },
    async [Symbol.asyncDispose]() {
      for (const raw of raws) {
        raw.close();
      }
      await Promise.all(channels.map((channel) => channel.close()));
      await server.close();
    },
  };
}

/** Waits until nothing has changed for some turns of the event loop, in which the other side has had its own turns. */
async function settled(value: () => number): Promise<number> {
  for (let calm = 0, before = value(); calm < 50; before = value()) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    calm = value() === before ? calm + 1 : 0;
  }
  return value();
}

/** A handler that reads none of its requests. */
const deaf: Partial<Echo> = { clientStream: () => new Promise(() => {}) };

async function* endless(bytes: number): AsyncIterable<{ payload: Uint8Array }> {
  for (const payload = new Uint8Array(bytes); ; ) {
    yield { payload };
  }
}

describe("a server whose handler reads nothing", () => {
  for (const bytes of [0, 100, 20_000, 300_000, 1_000_000]) {
    it(`holds the stream's window of messages of ${bytes} bytes, and a message`, async () => {
      await using at = await running(deaf);
      at.channel()
        .client(EchoService)
        .clientStream(endless(bytes), { timeoutMs: 60_000 })
        .catch(() => {});
      await until(() => at.held() > window / 2, "the window is used");
      const held = await settled(at.held);
      assert.ok(held <= 1.75 * window + bytes + KiB, `${held} bytes are held`);
    });
  }

  it("holds what it was sent as bytes: a message of 5 bytes costs no object", async () => {
    await using at = await running(deaf);
    const raw = await at.raw();
    await until(() => raw.window > 65_535, "the window is open");
    for (let id = 1; id < 17; id += 2) {
      await raw.send(requestHeaders(id, "ClientStream"));
      for (let sent = 0; sent < window; ) {
        sent += await raw.sendData(id, Buffer.alloc(window - sent));
        await new Promise(setImmediate);
      }
    }
    await until(() => at.held() >= 8 * window, "all of it is there");
    assert.ok(at.held() <= 8 * window * 1.75, `${at.held()} bytes are held for ${8 * window}`);
  });

  it("joins what comes in frames of a few bytes", async () => {
    await using at = await running(deaf);
    const raw = await at.raw();
    await raw.send(requestHeaders(1, "ClientStream"));
    const message = envelope(new Uint8Array(3));
    const frames = Array.from(message, (_, i) => frame(FrameType.DATA, 0, 1, message.subarray(i, i + 1)));
    const times = 4_000;
    for (let i = 0; i < times; i++) {
      await raw.send(...frames);
    }
    await until(() => at.held() >= times * message.length, "all of it is there");
    assert.ok(at.held() <= 1.75 * times * message.length + 2 * KiB, `${at.held()} bytes are held`);
  });

  for (const streams of [8, 64, 2_000]) {
    it(`answers other calls on a connection with ${streams} streams of the kind, and health checks`, async () => {
      await using at = await running(deaf);
      const channel = at.channel();
      const client = channel.client(EchoService);
      await client.unary({});
      for (let i = 0; i < streams; i++) {
        client.clientStream(endless(1_000), { timeoutMs: 120_000 }).catch(() => {});
      }
      await until(() => at.held() > Math.min(streams * window * 0.5, 4 * MiB), "they are unread");
      assert.equal((await client.unary({ text: "still there" })).text, "still there");
      assert.equal((await client.unary({ payload: new Uint8Array(2 * MiB) })).payload.length, 2 * MiB);
      await channel.ready({ healthy: true, timeoutMs: 60_000 });
      const held = await settled(at.held);
      assert.ok(held <= 62 * MiB, `${held} bytes are held`);
    });
  }
});

describe("a client that reads nothing", () => {
  const chatty: Partial<Echo> = {
    async *serverStream(request) {
      for (const payload = new Uint8Array(request.responseSize); ; ) {
        yield { payload };
      }
    },
  };
  const heldBy = (channel: Channel) => {
    const { unreadBytes, unfinishedBytes } = channel.stats().memory ?? assert.fail("nothing is counted");
    return unreadBytes + unfinishedBytes;
  };

  for (const responseSize of [0, 1_000, 1_000_000]) {
    it(`holds the stream's window of messages of ${responseSize} bytes, and a message`, async () => {
      await using at = await running(chatty);
      const channel = at.channel();
      const messages = channel.client(EchoService).serverStream({ responseSize })[Symbol.asyncIterator]();
      await messages.next();
      await until(() => heldBy(channel) > window / 2, "the window is used");
      const held = await settled(() => heldBy(channel));
      assert.ok(held <= 1.75 * Math.max(2 * window, 2 * responseSize), `${held} bytes are held`);
      await messages.return?.();
      assert.equal(heldBy(channel), 0);
    });
  }

  for (const streams of [8, 64, 2_000]) {
    it(`has other calls answered on a connection with ${streams} streams of the kind`, async () => {
      await using at = await running(chatty);
      const channel = at.channel();
      const client = channel.client(EchoService);
      const kept: AsyncIterator<unknown>[] = [];
      for (let i = 0; i < streams; i++) {
        const messages = client.serverStream({ responseSize: 1_000 })[Symbol.asyncIterator]();
        kept.push(messages);
        messages.next().catch(() => {});
      }
      await until(() => heldBy(channel) > Math.min(streams * window * 0.5, 4 * MiB), "they are unread");
      assert.equal((await client.unary({ text: "still there" })).text, "still there");
      assert.equal((await client.unary({ responseSize: 2 * MiB })).payload.length, 2 * MiB);
      await channel.ready({ healthy: true, timeoutMs: 60_000 });
      const held = await settled(() => heldBy(channel));
      assert.ok(held <= 62 * MiB, `${held} bytes are held`);
      for (const messages of kept) {
        await messages.return?.(); // until then nobody may take them for gone
      }
    });
  }

  it("holds what came before the end until it is read", async () => {
    await using at = await running({
      async *serverStream() {
        for (let i = 0; i < 10; i++) {
          yield { payload: new Uint8Array(10_000) };
        }
      },
    });
    const channel = at.channel();
    const messages = channel.client(EchoService).serverStream({})[Symbol.asyncIterator]();
    await messages.next();
    await until(() => channel.stats().inFlight === 0, "the call is over");
    assert.ok(heldBy(channel) >= 90_000, `${heldBy(channel)} bytes are held`);
    let count = 1;
    while (!(await messages.next()).done) {
      count++;
    }
    assert.deepEqual([count, heldBy(channel)], [10, 0]);
  });
});

describe("messages that are not whole", () => {
  it("cost a server what has come of them, not what they announce", async () => {
    await using at = await running({});
    const raw = await at.raw();
    const begun = Buffer.alloc(6);
    begun.writeUInt32BE(10 * MiB - 1, 1);
    for (let id = 1; id < 4_000; id += 2) {
      await raw.send(requestHeaders(id, "Unary"), frame(FrameType.DATA, 0, id, begun));
    }
    await until(() => (at.server.stats().inFlight ?? 0) >= 2_000, "all have begun");
    await until(() => at.held() > 2_000, "all have come");
    assert.ok(at.held() <= 2_000 * 2 * KiB, `${at.held()} bytes are held`);
  });

  it("are let in as there is memory for all of them, and stop nobody", async () => {
    await using at = await running({});
    const raw = await at.raw();
    const client = at.channel().client(EchoService);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(10 * MiB, 1);
    const piece = Buffer.alloc(16_384);
    let sent = 0;
    for (let id = 1; id < 400; id += 2) {
      await raw.send(requestHeaders(id, "Unary"));
      sent += await raw.sendData(id, head);
    }
    // The client sends as much as the windows allow, except for the last byte of each message.
    const sentOn = new Map<number, number>();
    for (let idle = 0; idle < 30; idle++) {
      for (let id = 1; id < 400; id += 2) {
        const before = sentOn.get(id) ?? 0;
        const allowed = Math.min(raw.initialWindow + (raw.updates.get(id) ?? 0) - 5, 10 * MiB - 1) - before;
        const bytes = await raw.sendData(id, piece.subarray(0, Math.max(0, Math.min(allowed, piece.length))));
        sentOn.set(id, before + bytes);
        sent += bytes;
        idle = bytes > 0 ? 0 : idle;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const held = await settled(at.held);
    assert.ok(sent > 10 * MiB && sent < 62 * MiB, `${sent} bytes could be sent`);
    assert.ok(held <= 62 * MiB, `${held} bytes are held`);
    assert.ok(!raw.isClosed, raw.goAway);
    assert.equal((await client.unary({ text: "beside it" })).text, "beside it");
    await raw.send(requestHeaders(401, "Unary"));
    await raw.sendData(401, envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: "on it" }))), 1);
    await until(() => raw.answered.has(401), "another call on that connection is answered");
  });

  it("become whole in the end, many that are larger than all there is a place for", async () => {
    await using at = await running({});
    const client = at.channel().client(EchoService);
    const payload = Buffer.alloc(9 * MiB, "m");
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.unary({ payload, text: "large" })));
    assert.deepEqual(new Set(answers.map((answer) => answer.payload.length)), new Set([9 * MiB]));
    await until(() => at.held() === 0, "nothing is held");
  });
});

describe("a server with many connections that were busy once", () => {
  it("lets messages in that are larger than a window, on other connections", async () => {
    await using at = await running({}, { maxHeldBytes: 16 * MiB, readMaxBytes: 2 * MiB });
    const payload = Buffer.alloc(200 * KiB);
    for (let n = 0; n < 6; n++) {
      const { clientStream } = at.channel().client(EchoService);
      const requests = Array.from({ length: 100 }, () => ({ payload, text: "." }));
      async function* sent() {
        yield* requests;
      }
      assert.equal((await clientStream(sent())).index, 100);
    }
    const { payload: answer } = await at
      .channel()
      .client(EchoService)
      .unary({ payload: Buffer.alloc(2 * MiB - KiB) }, { timeoutMs: 20_000 });
    assert.equal(answer.length, 2 * MiB - KiB);
  });
});

describe("a request that does not become whole", () => {
  it("stays bytes on the account until it is complete, also for a method that answers with a stream", async () => {
    let calls = 0;
    await using at = await running({
      async *serverStream() {
        calls++;
        yield { text: "answer" };
      },
    });
    const raw = await at.raw();
    const whole = envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: "x".repeat(2 * KiB) })));
    for (let id = 1; id < 41; id += 2) {
      await raw.send(requestHeaders(id, "ServerStream"));
      await raw.sendData(id, whole);
    }
    await until(() => at.held() >= 20 * 2 * KiB, "what has come is counted");
    assert.equal(calls, 0);
    for (let id = 1; id < 41; id += 2) {
      await raw.send(frame(FrameType.DATA, END_STREAM, id, Buffer.alloc(0)));
    }
    await until(() => raw.answered.size === 20, "all are answered");
    assert.equal(at.held(), 0);
  });

  it("fails after requestTimeoutMs, and nothing of it is held", async () => {
    await using at = await running(
      {
        async *bidiStream(requests) {
          for await (const { text } of requests) yield { text };
        },
      },
      { requestTimeoutMs: 100 },
    );
    const raw = await at.raw();
    const begun = Buffer.alloc(1_000);
    begun.writeUInt32BE(10_000, 1);
    const whole = envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: "whole" })));
    await raw.send(
      requestHeaders(1, "Unary"),
      frame(FrameType.DATA, 0, 1, begun),
      requestHeaders(3, "Unary"),
      requestHeaders(5, "ServerStream"),
      frame(FrameType.DATA, 0, 5, whole),
      requestHeaders(7, "BidiStream"),
      frame(FrameType.DATA, 0, 7, begun),
      requestHeaders(9, "BidiStream"),
      frame(FrameType.DATA, 0, 9, whole),
      requestHeaders(11, "BidiStream"),
    );
    const ended = (name: string) => at.server.stats().methods[`vyra.test.EchoService/${name}`]?.ended;
    await until(() => ended("BidiStream")?.DEADLINE_EXCEEDED === 1, "the last of them has failed");
    await until(() => raw.answered.has(1), "they are answered");
    assert.match(String(raw.answered.get(1)), /grpc-status.*4.*requestTimeoutMs/s);
    assert.deepEqual([ended("Unary"), ended("ServerStream")], [{ DEADLINE_EXCEEDED: 2 }, { DEADLINE_EXCEEDED: 1 }]);
    assert.equal(at.held(), 0);
    // A stream that sends nothing for a while does not count as one of them.
    assert.equal(at.server.stats().inFlight, 2);
  });
});

describe("answers that a caller does not take", () => {
  const waiting = ({ server }: Running) => server.stats().memory?.waitingBytes ?? 0;
  const asked = (id: number, method: string, init: MessageInitShape<typeof EchoRequestSchema> = {}) =>
    Buffer.concat([
      requestHeaders(id, method),
      frame(FrameType.DATA, 1, id, envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, init)))),
    ]);

  it("wait up to maxWaitingBytes, also those that are made later; the others say that there is no room", async () => {
    let goOn: () => void = () => {};
    const all = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const unary: Echo["unary"] = async () => {
      await all;
      return { payload: new Uint8Array(MiB) };
    };
    await using at = await running({ unary }, { maxWaitingBytes: 16 * MiB });
    const raw = await at.raw(0);
    for (let id = 1; id < 401; id += 2) {
      await raw.send(asked(id, "Unary"));
    }
    await until(() => at.server.stats().inFlight === 200, "all have come");
    goOn();
    await until(() => at.server.stats().inFlight === 0, "all are answered");
    assert.ok(waiting(at) > 14 * MiB && waiting(at) <= 16 * MiB, `${waiting(at)} bytes wait`);
    await until(() => raw.answered.size === 200, "all answers have begun");
    const { ended } = at.server.stats().methods["vyra.test.EchoService/Unary"] ?? assert.fail("nothing is counted");
    const sent = ended.OK ?? 0;
    assert.equal(ended.RESOURCE_EXHAUSTED, 200 - sent);
    // A response may be a view of a buffer up to twice its size. It then counts as the whole buffer.
    assert.ok(sent >= 7 && sent <= 15, `${sent} answers were sent`);
    const refused = [...raw.answered.values()].find((frames) => /grpc-message/.test(String(frames)));
    assert.match(String(refused), /no room for a response of 10485.. bytes/);
  });

  it("of streams are not made before there is room", async () => {
    let made = 0;
    let goOn: () => void = () => {};
    const all = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const serverStream: Echo["serverStream"] = async function* () {
      await all;
      for (const payload = new Uint8Array(MiB); ; ) {
        made++;
        yield { payload };
      }
    };
    await using at = await running({ serverStream }, { maxWaitingBytes: 16 * MiB });
    const raw = await at.raw(0);
    for (let id = 1; id < 401; id += 2) {
      await raw.send(asked(id, "ServerStream"));
    }
    await until(() => at.server.stats().inFlight === 200, "all have come");
    goOn();
    await until(() => made >= 200, "all have a message");
    await settled(() => made);
    assert.ok(waiting(at) > 14 * MiB && waiting(at) <= 17 * MiB, `${waiting(at)} bytes wait`);
    // Each handler has yielded one message. None is asked for a second one before the first can be queued for sending.
    assert.equal(made, 200);
    raw.close();
    await until(() => waiting(at) === 0, "nothing waits");
  });

  it("are all sent in the end to one who takes them slowly", async () => {
    const unary: Echo["unary"] = ({ text }) => ({ text, payload: new Uint8Array(100 * KiB) });
    await using at = await running({ unary }, { maxWaitingBytes: 64 * MiB });
    const client = at.channel().client(EchoService);
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => client.unary({ text: String(i) })));
    assert.deepEqual(
      answers.map(({ text }) => text),
      Array.from({ length: 200 }, (_, i) => String(i)),
    );
    assert.equal(waiting(at), 0);
  });

  it("of many streams that wait for room are all sent in the end", async () => {
    const serverStream: Echo["serverStream"] = async function* () {
      for (let index = 0; index < 5; index++) {
        yield { index, payload: new Uint8Array(300 * KiB) };
      }
    };
    await using at = await running({ serverStream }, { maxWaitingBytes: MiB });
    const client = at.channel().client(EchoService);
    await client.unary({});
    const streams = Array.from({ length: 200 }, () => client.serverStream({}, { timeoutMs: 100_000 }));
    const refused: unknown[] = [];
    const counts = await Promise.all(
      streams.map(async (stream) => {
        let count = 0;
        try {
          for await (const { index } of stream) {
            assert.equal(index, count++);
          }
        } catch (error) {
          refused.push(error);
        }
        return count;
      }),
    );
    // While too much is queued, a server accepts no further calls. It answers those that it has accepted.
    assert.equal(counts.filter((count) => count === 5).length, 200 - refused.length);
    assert.ok(counts.every((count) => count === 5 || count === 0));
    assert.equal(waiting(at), 0);
  });

  it("cost a server no more than maxHeldBytes on all connections together", async () => {
    await using at = await running(
      { unary: async () => ({ payload: new Uint8Array(MiB) }) },
      { maxHeldBytes: 32 * MiB, maxWaitingBytes: 16 * MiB },
    );
    for (let n = 0; n < 4; n++) {
      const raw = await at.raw(0);
      for (let id = 1; id < 61; id += 2) {
        await raw.send(asked(id, "Unary"));
      }
      await until(() => raw.answered.size === 30, "all are answered");
    }
    assert.ok(waiting(at) > 28 * MiB && waiting(at) <= 32 * MiB, `${waiting(at)} bytes wait`);
  });

  it("of streams cost a server no more than maxHeldBytes, however large each message is", async () => {
    let made = 0;
    await using at = await running(
      {
        async *serverStream() {
          for (;;) {
            made++;
            yield { payload: new Uint8Array(4 * MiB) };
          }
        },
      },
      { maxHeldBytes: 32 * MiB },
    );
    for (let n = 0; n < 16; n++) {
      const raw = await at.raw(0);
      await raw.send(asked(1, "ServerStream"));
    }
    await until(() => made >= 16, "all have made one");
    await until(() => (at.server.stats().inFlight ?? 0) <= 8, "those for whom there is no room have failed");
    assert.ok(waiting(at) <= 32 * MiB, `${waiting(at)} bytes wait`);
  });
});

describe("requests that a server does not take", () => {
  it("wait up to maxWaitingBytes; the others fail with ResourceExhausted, and leave no trace", async () => {
    const path = pathOf(freshName());
    await using server = await rawServer(path, (stream) => stream.pause(), { settings: { initialWindowSize: 0 } });
    assert.ok(server.http2.listening);
    const channel = createChannel(path, { timeoutMs: 60_000, maxWaitingBytes: 8 * MiB });
    const client = channel.client(EchoService);
    const payload = new Uint8Array(MiB);
    await channel.ready();
    let failed = 0;
    for (let i = 0; i < 20; i++) {
      client.unary({ payload }).catch((error) => {
        failed += error.code === Code.ResourceExhausted ? 1 : 0;
      });
    }
    await until(() => failed > 0, "some are refused");
    const { waitingBytes = 0 } = channel.stats().memory ?? {};
    assert.ok(waitingBytes > 6 * MiB && waitingBytes <= 8 * MiB, `${waitingBytes} bytes wait`);
    assert.equal(failed, 20 - Math.floor(waitingBytes / MiB));
    await channel.close();
  });
});

describe("requests of other protocols", () => {
  for (const type of ["text/html", "application/grpc+other", "application/connect+proto"]) {
    it(`${type} that nobody reads: nothing is held once they are answered`, async () => {
      await using at = await running({});
      const raw = await at.raw();
      for (let id = 1; id < 100; id += 2) {
        const body = envelope(new Uint8Array(10));
        await raw.send(requestHeaders(id, "Unary", type), frame(FrameType.DATA, END_STREAM, id, body));
      }
      await until(() => raw.answered.size === 50, "all are answered");
      await until(() => at.held() === 0, "nothing is held");
    });
  }

  const kinds = [
    ["application/proto", "Unary"],
    ["application/grpc-web+proto", "Unary"],
    ["application/grpc-web+proto", "ClientStream"],
    ["application/connect+proto", "ClientStream"],
  ] as const;

  for (const [type, method] of kinds) {
    it(`${type} to ${method}: what is not whole is on the account, and let in by it`, async () => {
      await using at = await running({});
      const raw = await at.raw();
      await until(() => raw.window > 65_535, "the window is open");
      const bytes = 5 * MiB;
      const body = Buffer.alloc(bytes - 1);
      if (type !== "application/proto") {
        body.writeUInt32BE(bytes, 1);
      }
      const ids = Array.from({ length: 40 }, (_, i) => 2 * i + 1);
      const sent = new Map(ids.map((id) => [id, 0]));
      for (const id of ids) {
        await raw.send(requestHeaders(id, method, type));
      }
      let total = 0;
      const send = async () => {
        for (const id of ids) {
          const before = sent.get(id) ?? 0;
          const may = Math.min(bytes - 1, raw.initialWindow + (raw.updates.get(id) ?? 0));
          if (may > before) {
            const taken = await raw.sendData(id, body.subarray(before, may));
            sent.set(id, before + taken);
            total += taken;
          }
        }
      };
      // The client writes until the windows are used up.
      for (let calm = 0, before = 0; calm < 50; before = total) {
        await send();
        await new Promise((resolve) => setTimeout(resolve, 2));
        calm = total === before ? calm + 1 : 0;
      }
      assert.ok(total <= 64 * MiB, `${total} bytes of ${40 * bytes} were let in`);
      assert.ok(at.held() >= total && at.held() <= 64 * MiB, `${at.held()} bytes are held of ${total}`);
      assert.equal((await at.channel().client(EchoService).unary({ text: "beside" })).text, "beside");
      raw.close();
      await until(() => at.held() === 0, "nothing is held any more");
    });
  }

  it("become whole all the same, many large ones at once, with and without their length", async () => {
    await using at = await running({});
    const session = http2.connect("http://localhost", {
      createConnection: () => connect(at.path),
      maxSessionMemory: 1_000,
    });
    const payload = new Uint8Array(3 * MiB);
    const message = toBinary(EchoRequestSchema, create(EchoRequestSchema, { payload }));
    const statuses = await Promise.all(
      Array.from({ length: 16 }, async (_, i) => {
        const length = i % 2 === 0 ? { "content-length": String(message.length) } : {};
        const request = session.request({
          ":method": "POST",
          ":path": "/vyra.test.EchoService/Unary",
          "content-type": "application/proto",
          ...length,
        });
        request.end(message);
        let bytes = 0;
        request.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
        });
        const [headers] = await once(request, "response");
        await once(request, "end");
        return [headers[":status"], bytes > payload.length];
      }),
    );
    assert.deepEqual(
      statuses,
      Array.from({ length: 16 }, () => [200, true]),
    );
    session.destroy();
    await until(() => at.held() === 0, "nothing is held any more");
  });
});
