import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";
import {
  ClientConnection,
  ConnectionError,
  ErrorCode,
  type GoAway,
  NO_FIELDS,
  RequestRefusedError,
  ServerConnection,
  StreamError,
} from "@vyra/http2";
import { answering, Collector, DONE, echo, exchange, link, OK, POST } from "./support/exchange.js";
import {
  END_HEADERS,
  END_STREAM,
  fields,
  frame,
  OK as OK_FIELDS,
  POST as POST_FIELDS,
  RawPeer,
  Type,
  uint32,
} from "./support/raw-peer.js";
import { deferred, socketPair, socketPath, turns } from "./support/sockets.js";

describe("a server that closes", () => {
  it("first asks the client, then names its last stream, and completes open streams (RFC 9113 §6.8)", async (t) => {
    const waiting: (() => void)[] = [];
    const { client, server } = await socketPair(t);
    const closed = deferred<unknown>();
    const connection = new ServerConnection(server, {
      ...answering((stream, body) => waiting.push(() => stream.reply(OK, NO_FIELDS, null, body, DONE))),
      onClose: closed.resolve,
    });
    const peer = new RawPeer(client, false);
    peer.begin();
    peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, POST_FIELDS));
    await peer.settle();
    connection.close();
    const first = await peer.next(Type.GOAWAY);
    assert.equal(first.payload.readUInt32BE(0), 2 ** 31 - 1);
    assert.equal(first.payload.readUInt32BE(4), ErrorCode.NO_ERROR);
    // A request that crossed with the first GOAWAY is still accepted.
    const ping = await peer.next(Type.PING);
    peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, POST_FIELDS), frame(Type.PING, 1, 0, ping.payload));
    const second = await peer.next(Type.GOAWAY);
    assert.equal(second.payload.readUInt32BE(0), 3);
    // A stream opened later is refused, and further frames on it do no harm.
    peer.send(frame(Type.HEADERS, END_HEADERS, 5, POST_FIELDS), frame(Type.DATA, 0, 5, Buffer.from("body")));
    assert.equal(await peer.resetCode(5), ErrorCode.REFUSED_STREAM);
    peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 5, fields("x-sum", "1")));
    await peer.settle();
    assert.equal(peer.ofType(Type.RST_STREAM, 5).length, 1);
    assert.equal(waiting.length, 2);
    for (const answer of waiting) answer();
    await peer.next(Type.HEADERS, 3);
    await peer.closed;
    assert.equal(await closed.promise, null);
  });

  it("is left in order by the client, which is told that no more requests are accepted", async (t) => {
    const goAways: GoAway[] = [];
    let answer = (): void => {};
    const { client, server, clientClosed, serverClosed } = await link(
      t,
      answering((stream, body) => {
        answer = () => stream.reply(OK, NO_FIELDS, null, body, DONE);
      }),
      { clientHandler: { onGoAway: (goAway) => goAways.push(goAway) } },
    );
    const response = exchange(client, Buffer.from("last"));
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    server.close();
    while (goAways.length < 2) await turns(1);
    assert.deepEqual(
      goAways.map((goAway) => goAway.lastStreamId),
      [2 ** 31 - 1, 1],
    );
    assert.throws(
      () => client.request(POST, NO_FIELDS, true, new Collector()),
      (error) => error instanceof RequestRefusedError && error.reason === "closing",
    );
    answer();
    assert.equal((await response).body.toString(), "last");
    assert.equal(await clientClosed, null);
    assert.equal(await serverClosed, null);
  });

  it("closes at once when nothing is open", async (t) => {
    const { server, clientClosed, serverClosed } = await link(t, echo);
    server.close();
    assert.equal(await serverClosed, null);
    assert.equal(await clientClosed, null);
  });
});

describe("a client that closes", () => {
  it("completes its requests, and accepts no more", async (t) => {
    const { client, clientClosed, serverClosed } = await link(t, echo);
    const response = exchange(client, Buffer.alloc(1_000_000, 3));
    client.close();
    assert.equal(client.isClosing, true);
    assert.equal(client.availableStreams, 0);
    assert.throws(() => client.request(POST, NO_FIELDS, true, new Collector()), { name: "RequestRefusedError" });
    assert.equal((await response).body.length, 1_000_000);
    assert.equal(await clientClosed, null);
    assert.equal(await serverClosed, null);
  });

  it("may be destroyed: every request fails, then the connection is closed", async (t) => {
    const order: string[] = [];
    const { client, clientClosed } = await link(
      t,
      answering(() => {}),
      { clientHandler: { onClose: () => order.push("closed") } },
    );
    const responses = [1, 2, 3].map((n) => exchange(client, Buffer.from("x")).catch(() => order.push(`reset ${n}`)));
    client.destroy("no longer wanted");
    await Promise.all(responses);
    assert.equal((await clientClosed)?.message, "no longer wanted");
    assert.deepEqual(order.filter((event) => event !== "closed").length, 3);
    assert.equal(client.isClosed, true);
  });
});

describe("a peer that gives a reason before it closes", () => {
  const calm = frame(
    Type.GOAWAY,
    0,
    0,
    Buffer.concat([uint32(1, ErrorCode.ENHANCE_YOUR_CALM), Buffer.from("too many\n")]),
  );

  it("is quoted by a client in the errors of its streams", async (t) => {
    const { client, server } = await socketPair(t);
    const closed = deferred<unknown>();
    const connection = new ClientConnection(client, { onClose: closed.resolve });
    const peer = new RawPeer(server, true);
    peer.begin();
    const collector = new Collector();
    connection.request(POST, NO_FIELDS, true, collector);
    await peer.next(Type.HEADERS, 1);
    peer.send(calm);
    server.end();
    const expected = {
      origin: "peer",
      errorCode: ErrorCode.ENHANCE_YOUR_CALM,
      message: "the peer closed the connection after ENHANCE_YOUR_CALM: too many?",
      peerReason: "ENHANCE_YOUR_CALM: too many?",
    };
    await assert.rejects(collector.response, (error: StreamError) => {
      assert.equal(error.notProcessed, false);
      assert.equal(error.errorCode, ErrorCode.ENHANCE_YOUR_CALM);
      assert.ok(error.message.endsWith(expected.message), error.message);
      assert.deepEqual(pick(error.cause), expected);
      return true;
    });
    assert.deepEqual(pick(await closed.promise), expected);
  });

  it("is quoted by a server as well", async (t) => {
    const { client, server } = await socketPair(t);
    const closed = deferred<unknown>();
    new ServerConnection(server, { ...answering(() => {}), onClose: closed.resolve });
    const peer = new RawPeer(client, false);
    peer.begin();
    peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, POST_FIELDS), calm);
    client.end();
    assert.equal((pick(await closed.promise) as { peerReason: string }).peerReason, "ENHANCE_YOUR_CALM: too many?");
  });

  it("is quoted without being at fault if the code is NO_ERROR", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ClientConnection(client);
    const peer = new RawPeer(server, true);
    peer.begin();
    const collector = new Collector();
    connection.request(POST, NO_FIELDS, true, collector);
    await peer.next(Type.HEADERS, 1);
    peer.send(frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(1, 0), Buffer.from("max_age")])));
    server.end();
    await assert.rejects(collector.response, {
      origin: "socket",
      errorCode: ErrorCode.INTERNAL_ERROR,
      message: /NO_ERROR: max_age$/,
    });
  });

  function pick(error: unknown): unknown {
    assert.ok(error instanceof ConnectionError);
    const { origin, errorCode, message, peerReason } = error;
    return { origin, errorCode, message, peerReason };
  }
});

describe("what was never processed", () => {
  it("is what lies above a GOAWAY's last stream", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ClientConnection(client);
    const peer = new RawPeer(server, true);
    peer.begin();
    const collectors = [new Collector(), new Collector(), new Collector()];
    for (const collector of collectors) connection.request(POST, NO_FIELDS, true, collector);
    await peer.next(Type.HEADERS, 5);
    peer.send(frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(3, 0), Buffer.from("bye")])));
    await assert.rejects(collectors[2]?.response ?? Promise.resolve(), {
      notProcessed: true,
      origin: "peer",
      streamId: 5,
    });
    peer.send(
      frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, OK_FIELDS),
      frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, fields(":status", "201")),
    );
    assert.equal((await collectors[0]?.response)?.status, 200);
    assert.equal((await collectors[1]?.response)?.status, 201);
    await peer.closed;
  });

  it("is what a server refuses", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ClientConnection(client);
    const peer = new RawPeer(server, true);
    peer.begin();
    const collector = new Collector();
    connection.request(POST, NO_FIELDS, true, collector);
    await peer.next(Type.HEADERS, 1);
    peer.send(frame(Type.RST_STREAM, 0, 1, uint32(ErrorCode.REFUSED_STREAM)));
    await assert.rejects(collector.response, { notProcessed: true, errorCode: ErrorCode.REFUSED_STREAM });
    connection.destroy();
  });

  it("is what waits for a socket that never connects", async (t) => {
    const path = await socketPath(t);
    const closed = deferred<unknown>();
    const connection = new ClientConnection(net.connect(path), { onClose: closed.resolve });
    const collector = new Collector();
    connection.requestMessage(POST, NO_FIELDS, null, Buffer.from("x"), collector);
    await assert.rejects(collector.response, (error) => {
      assert.ok(error instanceof StreamError);
      assert.equal(error.notProcessed, true);
      assert.equal(error.origin, "socket");
      assert.match(error.message, /ENOENT/);
      return true;
    });
    assert.match(String(await closed.promise), /ENOENT/);
  });

  it("does not include what was handed to a socket that then fails: that is unknown", async (t) => {
    const { client, serverSocket, clientClosed } = await link(
      t,
      answering(() => {}),
    );
    const response = exchange(client, Buffer.from("x"));
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    const later = new Collector();
    serverSocket.destroy();
    await assert.rejects(response, { notProcessed: false, origin: "socket" });
    assert.equal((await clientClosed)?.origin, "socket");
    assert.throws(() => client.request(POST, NO_FIELDS, true, later), { reason: "closed" });
  });

  it("does not include what was sent together with a connection error", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ClientConnection(client);
    const peer = new RawPeer(server, true);
    peer.begin();
    await peer.next(Type.SETTINGS);
    const collector = new Collector();
    client.prependOnceListener("data", () => connection.request(POST, NO_FIELDS, true, collector)); // before the error
    peer.send(frame(Type.PING, 0, 1, Buffer.alloc(8)));
    await peer.next(Type.GOAWAY);
    assert.equal(peer.ofType(Type.HEADERS).length, 1);
    await assert.rejects(collector.response, { notProcessed: false, origin: "local" });
  });

  it("is what was requested in the turn in which the connection is destroyed", async (t) => {
    const { client } = await link(t, echo);
    const response = exchange(client, Buffer.from("x"));
    client.destroy();
    await assert.rejects(response, { notProcessed: true });
  });
});

describe("pings", () => {
  it("measure the round trip", async (t) => {
    const { client, server } = await link(t, echo);
    for (const side of [client, server]) {
      const roundTripMs = await new Promise<number>((resolve, reject) => {
        side.ping((ms, error) => (error === null ? resolve(ms) : reject(error)));
      });
      assert.ok(roundTripMs > 0 && roundTripMs < 10_000);
    }
  });

  it("fail with the connection", async (t) => {
    const { client } = await link(t, echo);
    const failed = new Promise((_resolve, reject) => {
      client.ping((_ms, error) => reject(error));
    });
    client.destroy("gone");
    await assert.rejects(failed, /gone/);
  });
});

describe("a server's early response", () => {
  it("may be followed by a reset with NO_ERROR, and is still complete (RFC 9113 §8.1)", async (t) => {
    const { client } = await link(t, {
      onStream(stream) {
        stream.respond(OK, NO_FIELDS, true);
        stream.reset(ErrorCode.NO_ERROR);
        return { onData() {}, onTrailers() {}, onReset() {} };
      },
    });
    const collector = new Collector();
    const stream = client.request(POST, NO_FIELDS, false, collector);
    assert.equal((await collector.response).status, 200);
    while (!stream.isClosed) await turns(1);
    assert.equal(collector.resets, 1);
    assert.equal(stream.data(Buffer.from("nobody wants this")), false);
  });
});

describe("settings", () => {
  it("must be acknowledged in time", async (t) => {
    const { client, server } = await socketPair(t);
    new ServerConnection(server, echo, { settingsTimeoutMs: 1 });
    const peer = new RawPeer(client, false);
    peer.begin();
    assert.equal(await peer.goAwayCode(), ErrorCode.SETTINGS_TIMEOUT);
    await peer.closed;
  });

  it("may change meanwhile", async (t) => {
    const { client, server } = await link(t, echo);
    for (const [i, size] of [70_000, 100, 65_535, 2 ** 24, 1000].entries()) {
      server.updateSettings({ initialWindowSize: size, headerTableSize: (i * 997) % 5000, maxFrameSize: 16_384 + i });
      client.updateSettings({ initialWindowSize: size, headerTableSize: (i * 1999) % 5000 });
      const bodies = [10, 50_000, 200_000].map((bytes) => Buffer.alloc(bytes, i));
      const responses = await Promise.all(bodies.map((body) => exchange(client, body, ["x-round", `${i}`])));
      for (const [n, response] of responses.entries()) assert.ok(response.body.equals(bodies[n] ?? Buffer.alloc(0)));
    }
    assert.equal(client.peerSettings.initialWindowSize, 1000);
    assert.equal(client.peerSettings.maxFrameSize, 16_388);
  });

  it("that the RFC forbids are refused", async (t) => {
    const { client } = await link(t, echo);
    assert.throws(() => client.updateSettings({ maxFrameSize: 100 }), RangeError);
    assert.throws(() => client.updateSettings({ initialWindowSize: 2 ** 31 }), RangeError);
  });
});

describe("a connection that has ended", () => {
  it("fails pings and ignores changed settings, on both sides", async (t) => {
    const { client, server, clientClosed, serverClosed } = await link(t, echo);
    client.destroy("no longer wanted");
    await Promise.all([clientClosed, serverClosed]);
    for (const side of [client, server]) {
      let hasReturned = false;
      const pinged = deferred<unknown>();
      side.ping((roundTripMs, error) => pinged.resolve([roundTripMs, error?.name, hasReturned]));
      hasReturned = true;
      assert.deepEqual(await pinged.promise, [Number.NaN, "ConnectionError", true]);
      side.updateSettings({ initialWindowSize: 1000 });
      assert.throws(() => side.updateSettings({ maxFrameSize: 100 }), RangeError);
    }
  });
});

describe("a time limit of a connection", () => {
  it("may be of any length, and must be valid", async (t) => {
    for (const settingsTimeoutMs of [2 ** 31, Number.POSITIVE_INFINITY]) {
      const { client, server } = await socketPair(t);
      const connection = new ClientConnection(client, {}, { settingsTimeoutMs, stallTimeoutMs: settingsTimeoutMs });
      const peer = new RawPeer(server, true);
      peer.begin();
      await peer.settle(); // the peer never acknowledges the client's settings
      await new Promise((resolve) => setTimeout(resolve, 20));
      await peer.settle();
      connection.destroy();
    }
    for (const ms of [Number.NaN, -1]) {
      const { client } = await socketPair(t);
      assert.throws(() => new ClientConnection(client, {}, { settingsTimeoutMs: ms }), RangeError);
      assert.throws(() => new ClientConnection(client, {}, { stallTimeoutMs: ms }), RangeError);
    }
  });
});
