import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { ClientConnection, ErrorCode, HeaderBlock, NO_FIELDS, ServerConnection } from "@vyra/http2";
import { answering, Collector, echo, OK, POST } from "./support/exchange.js";
import {
  END_HEADERS,
  END_STREAM,
  fields,
  frame,
  GET as GET_FIELDS,
  MAGIC,
  OK as OK_FIELDS,
  PADDED,
  POST as POST_FIELDS,
  PRIORITY,
  RawPeer,
  settings,
  Type,
  uint32,
} from "./support/raw-peer.js";
import { socketPair } from "./support/sockets.js";

const { PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, STREAM_CLOSED, COMPRESSION_ERROR, ENHANCE_YOUR_CALM } =
  ErrorCode;

const OPEN = frame(Type.HEADERS, END_HEADERS, 1, POST_FIELDS);
const WHOLE = frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, GET_FIELDS);
const pseudo = [":method", "GET", ":scheme", "http", ":path", "/"];
const request = (...list: string[]): Buffer => frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, fields(...list));
const priority = (dependency: number): Buffer => Buffer.concat([uint32(dependency), Buffer.from([16])]);

async function serverPeer(t: TestContext): Promise<RawPeer> {
  const { client, server } = await socketPair(t);
  new ServerConnection(server, echo);
  const peer = new RawPeer(client, false);
  peer.begin();
  return peer;
}

type Wrong = [what: string, code: number, ...frames: Buffer[]];

const connectionErrors: Wrong[] = [
  ["data on stream 0", PROTOCOL_ERROR, frame(Type.DATA, 0, 0, Buffer.from("x"))],
  ["data on an idle stream", PROTOCOL_ERROR, frame(Type.DATA, 0, 1, Buffer.from("x"))],
  ["padding as long as its frame", PROTOCOL_ERROR, OPEN, frame(Type.DATA, PADDED, 1, Buffer.from([2, 0]))],
  ["a padded data frame without a pad length", FRAME_SIZE_ERROR, OPEN, frame(Type.DATA, PADDED, 1)],
  ["headers on stream 0", PROTOCOL_ERROR, frame(Type.HEADERS, END_HEADERS, 0, GET_FIELDS)],
  ["headers on an even stream", PROTOCOL_ERROR, frame(Type.HEADERS, END_HEADERS, 2, GET_FIELDS)],
  [
    "headers with padding longer than their frame",
    PROTOCOL_ERROR,
    frame(Type.HEADERS, END_HEADERS | PADDED, 1, Buffer.from([9, 0x82])),
  ],
  [
    "headers too short for their priority",
    FRAME_SIZE_ERROR,
    frame(Type.HEADERS, END_HEADERS | PRIORITY, 1, Buffer.alloc(4)),
  ],
  [
    "headers on a stream that has ended",
    STREAM_CLOSED,
    WHOLE,
    frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, GET_FIELDS),
  ],
  [
    "headers on a lower stream than the last",
    STREAM_CLOSED,
    frame(Type.HEADERS, END_HEADERS | END_STREAM, 5, GET_FIELDS),
    frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, GET_FIELDS),
  ],
  [
    "another frame within a field block",
    PROTOCOL_ERROR,
    frame(Type.HEADERS, 0, 1, GET_FIELDS),
    frame(Type.PING, 0, 0, Buffer.alloc(8)),
  ],
  ["an unknown frame within a field block", PROTOCOL_ERROR, frame(Type.HEADERS, 0, 1, GET_FIELDS), frame(0x77, 0, 0)],
  ["data within a field block", PROTOCOL_ERROR, frame(Type.HEADERS, 0, 1, GET_FIELDS), frame(Type.DATA, 0, 1)],
  [
    "another stream's headers within a field block",
    PROTOCOL_ERROR,
    frame(Type.HEADERS, 0, 1, GET_FIELDS),
    frame(Type.HEADERS, 0, 3, GET_FIELDS),
  ],
  [
    "another stream's continuation",
    PROTOCOL_ERROR,
    frame(Type.HEADERS, 0, 1, GET_FIELDS),
    frame(Type.CONTINUATION, END_HEADERS, 3),
  ],
  ["a continuation of nothing", PROTOCOL_ERROR, frame(Type.CONTINUATION, END_HEADERS, 1, GET_FIELDS)],
  [
    "a continuation after the end of its block",
    PROTOCOL_ERROR,
    WHOLE,
    frame(Type.CONTINUATION, END_HEADERS, 1, GET_FIELDS),
  ],
  ["priority of 4 bytes on an idle stream", FRAME_SIZE_ERROR, frame(Type.PRIORITY, 0, 1, Buffer.alloc(4))],
  ["an idle stream that depends on itself", PROTOCOL_ERROR, frame(Type.PRIORITY, 0, 1, priority(1))],
  ["priority on stream 0", PROTOCOL_ERROR, frame(Type.PRIORITY, 0, 0, priority(1))],
  ["rst_stream on stream 0", PROTOCOL_ERROR, frame(Type.RST_STREAM, 0, 0, uint32(8))],
  ["rst_stream on an idle stream", PROTOCOL_ERROR, frame(Type.RST_STREAM, 0, 1, uint32(8))],
  ["rst_stream of 3 bytes", FRAME_SIZE_ERROR, OPEN, frame(Type.RST_STREAM, 0, 1, Buffer.alloc(3))],
  ["settings on a stream", PROTOCOL_ERROR, frame(Type.SETTINGS, 0, 1)],
  ["settings of 5 bytes", FRAME_SIZE_ERROR, frame(Type.SETTINGS, 0, 0, Buffer.alloc(5))],
  ["an acknowledgement of settings with content", FRAME_SIZE_ERROR, frame(Type.SETTINGS, 1, 0, Buffer.alloc(6))],
  ["an acknowledgement of settings never sent", PROTOCOL_ERROR, frame(Type.SETTINGS, 1, 0), frame(Type.SETTINGS, 1, 0)],
  ["ENABLE_PUSH of 2", PROTOCOL_ERROR, settings([2, 2])],
  ["INITIAL_WINDOW_SIZE of 2^31", FLOW_CONTROL_ERROR, settings([4, 2 ** 31])],
  ["MAX_FRAME_SIZE below 2^14", PROTOCOL_ERROR, settings([5, 16_383])],
  ["MAX_FRAME_SIZE above 2^24 - 1", PROTOCOL_ERROR, settings([5, 2 ** 24])],
  ["push_promise from a client", PROTOCOL_ERROR, frame(Type.PUSH_PROMISE, END_HEADERS, 1, uint32(2))],
  ["ping on a stream", PROTOCOL_ERROR, frame(Type.PING, 0, 1, Buffer.alloc(8))],
  ["ping of 7 bytes", FRAME_SIZE_ERROR, frame(Type.PING, 0, 0, Buffer.alloc(7))],
  ["goaway on a stream", PROTOCOL_ERROR, frame(Type.GOAWAY, 0, 1, uint32(0, 0))],
  ["goaway of 7 bytes", FRAME_SIZE_ERROR, frame(Type.GOAWAY, 0, 0, Buffer.alloc(7))],
  ["window_update of 0 on the connection", PROTOCOL_ERROR, frame(Type.WINDOW_UPDATE, 0, 0, uint32(0))],
  ["window_update of 3 bytes", FRAME_SIZE_ERROR, frame(Type.WINDOW_UPDATE, 0, 0, Buffer.alloc(3))],
  ["window_update on an idle stream", PROTOCOL_ERROR, frame(Type.WINDOW_UPDATE, 0, 1, uint32(1))],
  ["a connection window beyond 2^31 - 1", FLOW_CONTROL_ERROR, frame(Type.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1))],
  [
    "new settings that take a stream's window beyond 2^31 - 1",
    FLOW_CONTROL_ERROR,
    OPEN,
    frame(Type.WINDOW_UPDATE, 0, 1, uint32(1000)),
    settings([4, 2 ** 31 - 1]),
  ],
  ["a frame larger than announced", FRAME_SIZE_ERROR, OPEN, frame(Type.DATA, 0, 1, Buffer.alloc(2 ** 18 + 1))],
  ["an index beyond the table", COMPRESSION_ERROR, frame(Type.HEADERS, END_HEADERS, 1, Buffer.from([0xbe + 1]))],
  ["index 0", COMPRESSION_ERROR, frame(Type.HEADERS, END_HEADERS, 1, Buffer.from([0x80]))],
  [
    "a block that ends inside a field",
    COMPRESSION_ERROR,
    frame(Type.HEADERS, END_HEADERS, 1, Buffer.from([0x82, 0x04, 0x05, 0x2f])),
  ],
  [
    "a table larger than announced",
    COMPRESSION_ERROR,
    frame(Type.HEADERS, END_HEADERS, 1, Buffer.from([0x3f, 0xff, 0xff, 0x7f])),
  ],
  [
    "a size update after the first field",
    COMPRESSION_ERROR,
    frame(Type.HEADERS, END_HEADERS, 1, Buffer.from([0x82, 0x20])),
  ],
];

describe("the server ends a connection with", () => {
  for (const [what, code, ...frames] of connectionErrors) {
    it(`${name(code)} for ${what}`, async (t) => {
      const peer = await serverPeer(t);
      peer.send(...frames);
      assert.equal(await peer.goAwayCode(), code);
      await peer.closed;
    });
  }

  it("PROTOCOL_ERROR for a preface that is not one", async (t) => {
    const { client, server } = await socketPair(t);
    new ServerConnection(server, echo);
    const peer = new RawPeer(client, false);
    peer.send(Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert.equal(await peer.goAwayCode(), PROTOCOL_ERROR);
    await peer.closed;
  });

  it("PROTOCOL_ERROR for a first frame that is not settings", async (t) => {
    const { client, server } = await socketPair(t);
    new ServerConnection(server, echo);
    const peer = new RawPeer(client, false);
    peer.send(MAGIC, frame(Type.PING, 0, 0, Buffer.alloc(8)));
    assert.equal(await peer.goAwayCode(), PROTOCOL_ERROR);
    await peer.closed;
  });
});

const malformedRequests: [what: string, list: string[]][] = [
  ["without :method", [":scheme", "http", ":path", "/"]],
  ["without :scheme", [":method", "GET", ":path", "/"]],
  ["without :path", [":method", "GET", ":scheme", "http"]],
  ["with an empty :path", [":method", "GET", ":scheme", "http", ":path", ""]],
  ["with a :path that does not begin with a slash", [":method", "GET", ":scheme", "http", ":path", "a"]],
  ["with :path *, but not OPTIONS", [":method", "GET", ":scheme", "http", ":path", "*"]],
  ["with :method twice", [":method", "GET", ...pseudo]],
  ["with :status", [...pseudo, ":status", "200"]],
  ["with :protocol", [...pseudo, ":protocol", "websocket"]],
  ["with a pseudo-header field after another", [...pseudo, "x", "y", ":authority", "a"]],
  ["with an upper-case name", [...pseudo, "X-A", "1"]],
  ["with an empty name", [...pseudo, "", "1"]],
  ["with a space in a name", [...pseudo, "x a", "1"]],
  ["with a colon in a name", [...pseudo, "x:a", "1"]],
  ["with a line break in a value", [...pseudo, "x", "a\r\nb"]],
  ["with NUL in a value", [...pseudo, "x", "a\0b"]],
  ["with white space at the start of a value", [...pseudo, "x", " a"]],
  ["with white space at the end of a value", [...pseudo, "x", "a\t"]],
  ["with a line break in :path", [":method", "GET", ":scheme", "http", ":path", "/\n"]],
  ["with connection", [...pseudo, "connection", "close"]],
  ["with keep-alive", [...pseudo, "keep-alive", "1"]],
  ["with proxy-connection", [...pseudo, "proxy-connection", "1"]],
  ["with transfer-encoding", [...pseudo, "transfer-encoding", "chunked"]],
  ["with upgrade", [...pseudo, "upgrade", "h2c"]],
  ["with te other than trailers", [...pseudo, "te", "gzip"]],
  ["with a content-length that is no number", [...pseudo, "content-length", "+1"]],
  ["with two content-lengths that differ", [...pseudo, "content-length", "0", "content-length", "1"]],
  ["with a content-length and no body", [...pseudo, "content-length", "1"]],
  ["CONNECT with :path", [":method", "CONNECT", ":path", "/", ":authority", "a"]],
  ["CONNECT without :authority", [":method", "CONNECT"]],
];

const streamErrors: Wrong[] = [
  ...malformedRequests.map(([what, list]): Wrong => [`a request ${what}`, PROTOCOL_ERROR, request(...list)]),
  [
    "a body shorter than content-length",
    PROTOCOL_ERROR,
    post("5"),
    frame(Type.DATA, END_STREAM, 1, Buffer.from("four")),
  ],
  ["a body longer than content-length", PROTOCOL_ERROR, post("3"), frame(Type.DATA, 0, 1, Buffer.from("four"))],
  [
    "trailers before content-length is reached",
    PROTOCOL_ERROR,
    post("3"),
    frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, fields("x", "y")),
  ],
  ["trailers without END_STREAM", PROTOCOL_ERROR, OPEN, frame(Type.HEADERS, END_HEADERS, 1, fields("x", "y"))],
  ["trailers with a pseudo-header field", PROTOCOL_ERROR, OPEN, request(...pseudo)],
  [
    "headers that depend on their own stream",
    PROTOCOL_ERROR,
    frame(Type.HEADERS, END_HEADERS | PRIORITY, 1, Buffer.concat([priority(1), GET_FIELDS])),
  ],
  ["priority that depends on its own stream", PROTOCOL_ERROR, OPEN, frame(Type.PRIORITY, 0, 1, priority(1))],
  ["priority of 4 bytes", FRAME_SIZE_ERROR, OPEN, frame(Type.PRIORITY, 0, 1, Buffer.alloc(4))],
  ["window_update of 0", PROTOCOL_ERROR, OPEN, frame(Type.WINDOW_UPDATE, 0, 1, uint32(0))],
  ["a window beyond 2^31 - 1", FLOW_CONTROL_ERROR, OPEN, frame(Type.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1))],
  [
    "data after a reset",
    STREAM_CLOSED,
    OPEN,
    frame(Type.RST_STREAM, 0, 1, uint32(8)),
    frame(Type.DATA, 0, 1, Buffer.from("x")),
  ],
  ["data after the end", STREAM_CLOSED, WHOLE, frame(Type.DATA, END_STREAM, 1, Buffer.from("x"))],
];

function post(contentLength: string): Buffer {
  return frame(Type.HEADERS, END_HEADERS, 1, Buffer.concat([POST_FIELDS, fields("content-length", contentLength)]));
}

describe("the server resets one stream with", () => {
  for (const [what, code, ...frames] of streamErrors) {
    it(`${name(code)} for ${what}, and serves the next`, async (t) => {
      const peer = await serverPeer(t);
      peer.send(...frames);
      assert.equal(await peer.resetCode(1), code);
      peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, GET_FIELDS));
      await peer.next(Type.HEADERS, 3);
    });
  }

  it("STREAM_CLOSED for a body that continues after its end, before the response is sent", async (t) => {
    const { client, server } = await socketPair(t);
    new ServerConnection(
      server,
      answering(() => {}),
    );
    const peer = new RawPeer(client, false);
    peer.begin();
    peer.send(WHOLE, frame(Type.DATA, 0, 1, Buffer.from("x")));
    assert.equal(await peer.resetCode(1), STREAM_CLOSED);
    peer.send(
      frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, GET_FIELDS),
      frame(Type.HEADERS, END_HEADERS | END_STREAM, 3, fields("x", "y")),
    );
    assert.equal(await peer.resetCode(3), STREAM_CLOSED);
  });
});

describe("the server tolerates", () => {
  const harmless: [what: string, ...frames: Buffer[]][] = [
    ["frames of unknown types", frame(0x42, 0xff, 0, Buffer.alloc(100)), frame(0xff, 0, 99)],
    ["unknown settings", settings([0x99, 7], [0x8, 1])],
    ["unknown flags", frame(Type.PING, 0xfe, 0, Buffer.alloc(8))],
    ["priority for any stream", frame(Type.PRIORITY, 0, 9, priority(3)), frame(Type.PRIORITY, 0, 1, priority(0))],
    [
      "priority within headers",
      frame(Type.HEADERS, END_HEADERS | END_STREAM | PRIORITY, 1, Buffer.concat([priority(0), GET_FIELDS])),
    ],
    ["a stray acknowledgement of a ping", frame(Type.PING, 1, 0, Buffer.alloc(8))],
    ["a window_update for a stream that has ended", WHOLE, frame(Type.WINDOW_UPDATE, 0, 1, uint32(5))],
    ["a reset of a stream that has ended", WHOLE, frame(Type.RST_STREAM, 0, 1, uint32(8))],
    ["a goaway of the client", frame(Type.GOAWAY, 0, 0, uint32(0, 0))],
    ["OPTIONS *", request(":method", "OPTIONS", ":scheme", "http", ":path", "*")],
    ["CONNECT", request(":method", "CONNECT", ":authority", "a:1")],
    ["te: trailers", request(...pseudo, "te", "trailers")],
    ["an authority with escapes, as grpc sends it", request(...pseudo, ":authority", "%2Ftmp%2Fs.sock")],
  ];
  for (const [what, ...frames] of harmless) {
    it(what, async (t) => {
      const peer = await serverPeer(t);
      peer.send(...frames);
      await peer.settle();
      peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 101, GET_FIELDS));
      await peer.next(Type.HEADERS, 101);
      assert.equal(peer.ofType(Type.RST_STREAM).length, 0);
      assert.equal(peer.ofType(Type.GOAWAY).length, 0);
    });
  }
});

/** Connects a client with one open request to a peer that plays the server. */
async function clientPeer(
  t: TestContext,
): Promise<{ peer: RawPeer; collector: Collector; connection: ClientConnection }> {
  const { client, server } = await socketPair(t);
  const connection = new ClientConnection(client);
  const peer = new RawPeer(server, true);
  peer.begin();
  const collector = new Collector();
  connection.request(POST, NO_FIELDS, false, collector);
  await peer.next(Type.HEADERS, 1);
  t.after(() => connection.destroy());
  return { peer, collector, connection };
}

const answer = (flags: number, ...list: string[]): Buffer =>
  frame(Type.HEADERS, END_HEADERS | flags, 1, fields(...list));

describe("the client resets one stream with", () => {
  const wrong: Wrong[] = [
    ["a response without :status", PROTOCOL_ERROR, answer(END_STREAM, "x", "y")],
    ["a response with :status twice", PROTOCOL_ERROR, answer(0, ":status", "200", ":status", "200")],
    ["a :status that is no number", PROTOCOL_ERROR, answer(0, ":status", "2OO")],
    ["a :status of 101", PROTOCOL_ERROR, answer(0, ":status", "101")],
    ["a response with :path", PROTOCOL_ERROR, answer(0, ":status", "200", ":path", "/")],
    ["a response with connection", PROTOCOL_ERROR, answer(0, ":status", "200", "connection", "x")],
    ["an informational response that ends the stream", PROTOCOL_ERROR, answer(END_STREAM, ":status", "103")],
    ["data before headers", PROTOCOL_ERROR, frame(Type.DATA, 0, 1, Buffer.from("x"))],
    [
      "data after an informational response only",
      PROTOCOL_ERROR,
      answer(0, ":status", "103"),
      frame(Type.DATA, 0, 1, Buffer.from("x")),
    ],
    ["trailers without END_STREAM", PROTOCOL_ERROR, answer(0, ":status", "200"), answer(0, "x", "y")],
    [
      "a body that is not as long as content-length",
      PROTOCOL_ERROR,
      answer(0, ":status", "200", "content-length", "2"),
      frame(Type.DATA, END_STREAM, 1, Buffer.from("x")),
    ],
    [
      "no body although content-length is not 0",
      PROTOCOL_ERROR,
      answer(END_STREAM, ":status", "200", "content-length", "2"),
    ],
    [
      "data after the end",
      STREAM_CLOSED,
      answer(END_STREAM, ":status", "200"),
      frame(Type.DATA, 0, 1, Buffer.from("x")),
    ],
    ["a window_update of 0", PROTOCOL_ERROR, frame(Type.WINDOW_UPDATE, 0, 1, uint32(0))],
  ];
  for (const [what, code, ...frames] of wrong) {
    it(`${name(code)} for ${what}`, async (t) => {
      const { peer, collector, connection } = await clientPeer(t);
      peer.send(...frames);
      assert.equal(await peer.resetCode(1), code);
      collector.response.catch(() => {});
      assert.equal(connection.isClosed, false);
    });
  }
});

describe("the client ends a connection with", () => {
  const wrong: Wrong[] = [
    ["push_promise", PROTOCOL_ERROR, frame(Type.PUSH_PROMISE, END_HEADERS, 1, uint32(2))],
    ["ENABLE_PUSH of 1 from a server", PROTOCOL_ERROR, settings([2, 1])],
    ["headers on an even stream", PROTOCOL_ERROR, frame(Type.HEADERS, END_HEADERS, 2, OK_FIELDS)],
    ["headers on a stream never opened", PROTOCOL_ERROR, frame(Type.HEADERS, END_HEADERS, 3, OK_FIELDS)],
    ["data on a stream never opened", PROTOCOL_ERROR, frame(Type.DATA, 0, 3, Buffer.from("x"))],
    ["an invalid field block", COMPRESSION_ERROR, frame(Type.HEADERS, END_HEADERS, 1, Buffer.from([0x80]))],
    [
      "a thousand informational responses",
      ENHANCE_YOUR_CALM,
      ...Array.from({ length: 1000 }, () => answer(0, ":status", "103")),
    ],
  ];
  for (const [what, code, ...frames] of wrong) {
    it(`${name(code)} for ${what}, and fails its requests`, async (t) => {
      const { peer, collector, connection } = await clientPeer(t);
      peer.send(...frames);
      assert.equal(await peer.goAwayCode(), code);
      await assert.rejects(collector.response, { errorCode: code, origin: "local" });
      assert.equal(connection.isClosed, true);
      await peer.closed;
    });
  }

  it("PROTOCOL_ERROR for a server that speaks another protocol", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ClientConnection(client);
    const collector = new Collector();
    connection.request(POST, NO_FIELDS, true, collector);
    server.on("error", () => {});
    server.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    await assert.rejects(collector.response, { name: "StreamError", origin: "local" });
  });
});

describe("a response to HEAD", () => {
  it("may tell the length of the body that it does not have", async (t) => {
    const { client, server } = await socketPair(t);
    new ServerConnection(
      server,
      answering((stream) => stream.respond(OK, ["content-length", "5"], true)),
    );
    const connection = new ClientConnection(client);
    const collector = new Collector();
    const head = HeaderBlock.of([":method", "HEAD", ":scheme", "http", ":path", "/"]);
    connection.request(head, NO_FIELDS, true, collector);
    assert.equal((await collector.response).status, 200);
    connection.destroy();
  });
});

function name(code: number): string {
  return Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? String(code);
}
