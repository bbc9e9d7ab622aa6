import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ClientConnection,
  ErrorCode,
  NO_FIELDS,
  type RequestHandler,
  ServerConnection,
  type StreamError,
} from "@vyra/http2";
import { answering, Collector, echo, exchange, link, POST } from "./support/exchange.js";
import {
  END_HEADERS,
  END_STREAM,
  frame,
  GET as GET_FIELDS,
  MAGIC,
  RawPeer,
  settings,
  Type,
  uint32,
} from "./support/raw-peer.js";
import { deferred, socketPair } from "./support/sockets.js";

/** The owner of a request without a response. When its stream is reset, it resets the streams of all others. */
class Resetting extends Collector {
  others: { reset(): void }[] = [];

  override onReset(...args: Parameters<Collector["onReset"]>): void {
    super.onReset(...args);
    for (const other of this.others) other.reset();
  }
}

const silent = answering(() => {});

describe("a stream that its owner has reset", () => {
  it("is not told of the connection's end, even if reset because of it", async (t) => {
    const { client } = await link(t, silent);
    const [first, second] = [new Resetting(), new Collector()];
    client.request(POST, NO_FIELDS, false, first);
    first.others = [client.request(POST, NO_FIELDS, false, second)];
    client.destroy();
    assert.deepEqual([first.resets, second.resets], [1, 0]);
  });

  it("is not told that a GOAWAY leaves it out, even if reset because of that", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ClientConnection(client);
    const peer = new RawPeer(server, true);
    const [first, second] = [new Resetting(), new Collector()];
    connection.request(POST, NO_FIELDS, false, first);
    first.others = [connection.request(POST, NO_FIELDS, false, second)];
    peer.begin();
    peer.send(frame(Type.GOAWAY, 0, 0, uint32(0, ErrorCode.NO_ERROR)));
    await peer.closed;
    assert.deepEqual([first.resets, second.resets], [1, 0]);
  });
});

describe("a connection destroyed by a callback", () => {
  it("also calls onReset of the handler that onStream then returns", async (t) => {
    const told = deferred<StreamError>();
    const handler: RequestHandler = { onData() {}, onTrailers() {}, onReset: (_stream, error) => told.resolve(error) };
    const { client, server } = await link(t, {
      onStream() {
        server.destroy("enough");
        return handler;
      },
    });
    client.request(POST, NO_FIELDS, false, new Collector());
    assert.match((await told.promise).message, /enough/);
  });
});

describe("a server connection that is created with bytes already read", () => {
  it("calls no callback before its constructor returns, and processes those bytes first", async (t) => {
    const { client, server } = await socketPair(t);
    const events: string[] = [];
    const closed = deferred<void>();
    const head = Buffer.concat([MAGIC, settings(), frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, GET_FIELDS)]);
    const connection: ServerConnection = new ServerConnection(
      server,
      {
        onStream(stream) {
          events.push(`stream ${stream.id}`);
          return { onData() {}, onTrailers() {}, onReset() {} };
        },
        onClose() {
          events.push(`closed: ${connection.isClosed}`);
          closed.resolve();
        },
      },
      { reader: "caller" },
      head,
    );
    events.push("made");
    connection.receive(frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, GET_FIELDS));
    connection.receive(frame(Type.DATA, 0, 0)); // a connection error
    await closed.promise;
    assert.deepEqual(events, ["made", "stream 1", "stream 3", "closed: true"]);
    client.destroy();
  });

  it("processes them also if no other bytes follow", async (t) => {
    const { client, server } = await socketPair(t);
    const peer = new RawPeer(client, false);
    new ServerConnection(server, echo, {}, Buffer.concat([MAGIC, settings()]));
    await peer.settle();
  });
});

describe("a ping's callback that throws", () => {
  it("is reported, and harms neither the connection nor other pings", async (t) => {
    const errors: unknown[] = [];
    const { client } = await link(t, echo, { clientHandler: { onHandlerError: (error) => errors.push(error) } });
    const answered = deferred<void>();
    client.ping(() => {
      throw new Error("of the first");
    });
    client.ping(() => answered.resolve());
    await answered.promise;
    assert.equal((await exchange(client, Buffer.from("x"))).status, 200);
    assert.match(String(errors), /of the first/);
  });

  it("does not keep others from learning of the connection's end", async (t) => {
    const { client } = await link(t, echo, { clientHandler: { onHandlerError() {} } });
    let told = 0;
    for (let i = 0; i < 3; i++) {
      client.ping((_roundTripMs, error) => {
        if (error !== null) told++;
        throw new Error("each time");
      });
    }
    client.destroy();
    assert.equal(told, 3);
  });
});
