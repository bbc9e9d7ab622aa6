import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ErrorCode, HeaderBlock, NO_FIELDS, RequestRefusedError, StreamError } from "@vyra/http2";
import { answering, Collector, DONE, echo, exchange, GET, link, OK, POST } from "./support/exchange.js";
import { deferred, turns } from "./support/sockets.js";

const EMPTY = Buffer.alloc(0);

describe("an exchange", () => {
  it("carries fields, body and trailers both ways", async (t) => {
    const seen = deferred<{ headers: string[]; trailers: string[] }>();
    const { client } = await link(
      t,
      answering((stream, body, call) => {
        seen.resolve(call);
        stream.reply(OK, ["x-answer", "1"], Buffer.from("<"), body, DONE, ["grpc-message", "fine"]);
      }),
    );
    const collector = new Collector();
    const stream = client.request(POST, ["x-question", "2"], false, collector);
    stream.data(Buffer.from("hel"));
    stream.message(Buffer.from("l"), Buffer.from("o"));
    stream.trailers(HeaderBlock.of(["x-sum", "3"]));
    const response = await collector.response;
    assert.equal(response.body.toString(), "<hello");
    assert.deepEqual(response.headers, [...OK.fields, "x-answer", "1"]);
    assert.deepEqual(response.trailers, ["grpc-status", "0", "grpc-message", "fine"]);
    const { headers, trailers } = await seen.promise;
    assert.deepEqual(headers, [...POST.fields, "x-question", "2"]);
    assert.deepEqual(trailers, ["x-sum", "3"]);
    assert.equal(stream.isClosed, true);
    assert.equal(client.openStreams, 0);
  });

  it("may consist of fields only", async (t) => {
    const { client } = await link(
      t,
      answering((stream) => stream.respond(HeaderBlock.of([":status", "204"]), NO_FIELDS, true)),
    );
    const collector = new Collector();
    client.request(GET, NO_FIELDS, true, collector);
    assert.equal((await collector.response).status, 204);
  });

  it("carries an authority as grpc peers on a unix socket send it", async (t) => {
    const { client } = await link(
      t,
      answering((stream, _body, call) => stream.reply(OK, ["x-host", call.headers[7] ?? ""], null, EMPTY, DONE)),
    );
    const block = HeaderBlock.of([
      ":method",
      "POST",
      ":scheme",
      "http",
      ":path",
      "/a",
      ":authority",
      "%2Ftmp%2Fs.sock",
    ]);
    const collector = new Collector();
    client.requestMessage(block, NO_FIELDS, null, EMPTY, collector);
    assert.ok((await collector.response).headers.includes("%2Ftmp%2Fs.sock"));
  });

  it("shows informational responses before the final one", async (t) => {
    const { client } = await link(
      t,
      answering((stream) => {
        stream.inform(HeaderBlock.of([":status", "103", "link", "</a>"]));
        stream.inform(HeaderBlock.of([":status", "102"]));
        stream.respond(OK, NO_FIELDS, true);
      }),
    );
    const collector = new Collector();
    client.request(GET, NO_FIELDS, true, collector);
    assert.equal((await collector.response).status, 200);
    assert.deepEqual(collector.informational, [103, 102]);
  });

  it("works a thousand times at once, and each gets its own response", async (t) => {
    const { client } = await link(t, echo);
    await new Promise<void>((resolve) => client.ping(() => resolve())); // now the server's settings are known
    const bodies = Array.from({ length: 1000 }, (_, i) => Buffer.from(`body ${i}`));
    const responses = await Promise.all(bodies.map((body) => exchange(client, body, ["x-n", String(body.length)])));
    assert.deepEqual(
      responses.map((response) => response.body.toString()),
      bodies.map(String),
    );
    assert.equal(client.openStreams, 0);
  });

  it("carries 64 MiB each way unchanged", async (t) => {
    const { client } = await link(t, echo);
    const body = Buffer.alloc(64 * 2 ** 20);
    for (let i = 0; i < body.length; i += 4) body.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, i);
    const { body: answer } = await exchange(client, body);
    assert.ok(answer.equals(body));
  });

  it("may stream in both directions at once before either message has ended", async (t) => {
    const { client } = await link(t, {
      onStream(stream) {
        stream.respond(OK);
        return {
          onData(_stream, buffer, start, end, endStream) {
            stream.data(Buffer.from(buffer.subarray(start, end)), endStream);
          },
          onTrailers() {},
          onReset() {},
        };
      },
    });
    const collector = new Collector();
    const stream = client.request(POST, NO_FIELDS, false, collector);
    for (const word of ["one ", "two ", "three"]) {
      stream.data(Buffer.from(word));
      const soFar = collector.chunks.length;
      while (collector.chunks.length === soFar) await turns(1);
    }
    stream.end();
    assert.equal((await collector.response).body.toString(), "one two three");
  });

  for (const [earlyWriteBytes, expected] of [
    [Number.POSITIVE_INFINITY, 1],
    [1_024, 2],
    [128, 4], // 128, 256, 512, and the rest
  ] as const) {
    it(`takes ${expected} writes per turn if it may write early at ${earlyWriteBytes} bytes`, async (t) => {
      const { client, clientSocket } = await link(t, echo, { client: { earlyWriteBytes } });
      await turns();
      let writes = 0;
      const { write } = clientSocket;
      clientSocket.write = ((...args: Parameters<typeof write>) => {
        writes++;
        return write.apply(clientSocket, args);
      }) as typeof write;
      const responses = Array.from({ length: 50 }, () => exchange(client, Buffer.from("x")));
      await Promise.resolve();
      responses.push(exchange(client, Buffer.from("from a promise of the same turn")));
      await Promise.all(responses);
      assert.equal(writes, expected);
    });
  }

  it("can be written by the caller straight into the outgoing frame", async (t) => {
    const { client } = await link(t, echo);
    const collector = new Collector();
    const stream = client.request(POST, NO_FIELDS, false, collector);
    const room = stream.reserve(4);
    assert.ok(room !== null);
    assert.equal(room.end - room.start, 4);
    room.buffer.set(Buffer.from("ping"), room.start);
    stream.commit();
    assert.throws(() => stream.commit(), /reservation/);
    assert.equal(stream.reserve(1_000_000), null);
    assert.ok(stream.reserve(0) !== null);
    stream.commit(true);
    assert.equal((await collector.response).body.toString(), "ping");
  });

  it("does not change a body passed by reference, and one prefix may be used for every message", async (t) => {
    const { client } = await link(t, echo);
    const prefix = Buffer.alloc(5);
    const responses = [1, 2, 3].map((n) => {
      prefix.fill(n);
      const collector = new Collector();
      client.requestMessage(POST, NO_FIELDS, prefix, Buffer.alloc(100_000 * n, n), collector);
      return collector.response;
    });
    for (const [i, response] of (await Promise.all(responses)).entries()) {
      assert.ok(response.body.equals(Buffer.alloc(100_000 * (i + 1) + 5, i + 1)));
    }
  });
});

describe("resetting a stream", () => {
  for (const code of [...Object.values(ErrorCode), 0xdeadbeef]) {
    it(`tells the server code ${code}`, async (t) => {
      const error = deferred<StreamError>();
      const started = deferred<void>();
      const { client } = await link(t, {
        onStream() {
          started.resolve();
          return { onData() {}, onTrailers() {}, onReset: (_stream, reason) => error.resolve(reason) };
        },
      });
      const collector = new Collector();
      const stream = client.request(POST, NO_FIELDS, false, collector);
      await started.promise;
      stream.reset(code);
      const received = await error.promise;
      assert.equal(received.errorCode, code);
      assert.equal(received.origin, "peer");
      assert.equal(collector.resets, 0);
    });

    it(`tells the client code ${code}`, async (t) => {
      const { client } = await link(
        t,
        answering((stream) => stream.reset(code)),
      );
      await assert.rejects(exchange(client, Buffer.from("x")), (error) => {
        assert.ok(error instanceof StreamError);
        assert.equal(error.errorCode, code);
        assert.equal(error.notProcessed, code === ErrorCode.REFUSED_STREAM);
        return true;
      });
    });
  }

  it("leaves the connection's other streams alone", async (t) => {
    const { client } = await link(t, echo);
    const streams = Array.from({ length: 20 }, () => client.request(POST, NO_FIELDS, false, new Collector()));
    for (const stream of streams) stream.reset();
    assert.equal((await exchange(client, Buffer.from("still here"))).body.toString(), "still here");
  });

  it("drops what the peer had already sent, and gives its window back", async (t) => {
    const { client } = await link(
      t,
      answering((stream) => {
        stream.respond(OK);
        stream.data(Buffer.alloc(3_000_000), true);
      }),
      { client: { connectionWindowSize: 3_100_000 } },
    );
    for (let i = 0; i < 10; i++) {
      const first = deferred<void>();
      const stream = client.request(GET, NO_FIELDS, true, {
        onHeaders() {},
        onData(stream) {
          stream.reset();
          first.resolve();
        },
        onTrailers() {},
        onReset() {},
      });
      await first.promise;
      assert.equal(stream.isClosed, true);
    }
    const collector = new Collector();
    client.request(GET, NO_FIELDS, true, collector);
    assert.equal((await collector.response).body.length, 3_000_000);
  });
});

describe("a handler that throws", () => {
  it("resets its own stream only, and is reported", async (t) => {
    const errors: unknown[] = [];
    let calls = 0;
    const { client } = await link(t, {
      ...answering((stream, body) => {
        if (calls++ === 0) throw new Error("handler is broken");
        stream.reply(OK, NO_FIELDS, null, body, DONE);
      }),
      onHandlerError: (error) => errors.push(error),
    });
    const first = exchange(client, Buffer.from("1"));
    const second = exchange(client, Buffer.from("2"));
    await assert.rejects(first, { errorCode: ErrorCode.INTERNAL_ERROR });
    assert.equal((await second).body.toString(), "2");
    assert.match(String(errors[0]), /handler is broken/);
  });
});

describe("stream capacity", () => {
  it("is limited by the server: excess requests are refused, and onCapacity reports free streams", async (t) => {
    const waiting: (() => void)[] = [];
    let capacity = deferred<void>();
    const { client } = await link(
      t,
      answering((stream, body) => waiting.push(() => stream.reply(OK, NO_FIELDS, null, body, DONE))),
      { server: { settings: { maxConcurrentStreams: 2 } }, clientHandler: { onCapacity: () => capacity.resolve() } },
    );
    await capacity.promise; // the first settings have been received
    assert.equal(client.availableStreams, 2);
    capacity = deferred();
    const first = exchange(client, Buffer.from("1"));
    const second = exchange(client, Buffer.from("2"));
    assert.equal(client.availableStreams, 0);
    assert.throws(
      () => client.request(POST, NO_FIELDS, true, new Collector()),
      (error) => error instanceof RequestRefusedError && error.reason === "no-capacity",
    );
    while (waiting.length < 2) await turns(1);
    waiting.shift()?.();
    await capacity.promise;
    assert.equal(client.availableStreams, 1);
    assert.equal((await first).body.toString(), "1");
    waiting.shift()?.();
    await second;
  });

  it("is a hundred streams before the server's settings are known", async (t) => {
    const { client } = await link(t, echo);
    assert.equal(client.availableStreams, 100);
  });
});

describe("misuse", () => {
  it("is refused before anything is sent", async (t) => {
    const { client } = await link(t, echo);
    const collector = new Collector();
    assert.throws(() => client.request(POST, ["Upper", "x"], true, collector), TypeError);
    assert.throws(() => client.request(POST, ["connection", "close"], true, collector), TypeError);
    assert.throws(() => client.request(POST, ["te", "gzip"], true, collector), TypeError);
    assert.throws(() => client.request(POST, ["x", "a\r\nb"], true, collector), TypeError);
    assert.throws(() => client.request(POST, ["x", "\u20ac"], true, collector), TypeError);
    assert.throws(() => client.request(POST, [":path", "/"], true, collector), TypeError);
    assert.throws(() => client.request(POST, ["x"], true, collector), TypeError);
    assert.throws(() => HeaderBlock.of(["x", "y", ":path", "/"]), TypeError);
    assert.throws(() => HeaderBlock.of(["x y", ""]), TypeError);
    const stream = client.request(POST, ["te", "trailers"], true, collector);
    assert.throws(() => stream.data(EMPTY), /has ended already/);
    assert.equal((await collector.response).status, 200);
  });

  it("is refused if a field list is larger than the peer allows", async (t) => {
    const { client } = await link(t, echo, { server: { settings: { maxHeaderListSize: 1000 } } });
    await exchange(client, EMPTY);
    assert.throws(() => client.request(POST, ["x", "y".repeat(1000)], true, new Collector()), {
      name: "HeaderListSizeError",
    });
    assert.equal((await exchange(client, EMPTY)).status, 200);
  });
});
