import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NO_FIELDS, ServerConnection } from "@vyra/http2";
import fc from "fast-check";
import { FrameReader, type FrameSink } from "../dist/receive/frame-reader.js";
import { Collector, echo, link, POST } from "./support/exchange.js";
import {
  END_HEADERS,
  END_STREAM,
  fields,
  frame,
  MAGIC,
  PADDED,
  POST as POST_FIELDS,
  RawPeer,
  settings,
  Type,
} from "./support/raw-peer.js";
import { socketPair } from "./support/sockets.js";

interface SeenFrame {
  type: number;
  flags: number;
  streamId: number;
  payload: string;
}

/**
 * Returns the frames that a reader finds in the chunks. The pieces of each DATA frame are joined, as its callers do.
 */
function framesIn(chunks: readonly Uint8Array[], maxFrames = 1_000): SeenFrame[] {
  const seen: SeenFrame[] = [];
  let data = "";
  const sink: FrameSink = {
    onFrame({ type, flags, streamId }, buffer, start, end) {
      const payload = type > 9 ? "" : Buffer.from(buffer.subarray(start, end)).toString("hex");
      seen.push({ type, flags, streamId, payload });
    },
    onFrameHeader() {},
    onDataBegin({ flags, streamId, length }, padding) {
      data = "";
      seen.push({ type: 0, flags: flags & 1, streamId, payload: `${length} ${padding} ` });
    },
    onDataPiece(buffer, start, end, isLast) {
      data += Buffer.from(buffer.subarray(start, end)).toString("hex");
      const last = seen.at(-1);
      if (isLast && last !== undefined) last.payload += data;
    },
  };
  const reader = new FrameReader(sink, 16_384);
  for (const chunk of chunks) {
    let at = 0;
    do {
      const before = seen.length;
      at = reader.read(chunk, at, chunk.length, maxFrames);
      // A frame begun in an earlier chunk, and one that the end of this chunk cuts, are processed in addition.
      assert.ok(seen.length - before <= maxFrames + 2, `${seen.length - before} frames at once`);
    } while (at < chunk.length);
  }
  return seen;
}

const anyFrame = fc
  .record({
    type: fc.nat(12),
    flags: fc.constantFrom(0, 1, 4, 5),
    streamId: fc.nat(2 ** 31 - 1),
    payload: fc.uint8Array({ maxLength: 40 }),
    padding: fc.option(fc.nat(20), { nil: null }),
  })
  .map(({ type, flags, streamId, payload, padding }) => {
    if (type !== Type.DATA || padding === null) return frame(type, flags, streamId, payload);
    return frame(
      type,
      flags | PADDED,
      streamId,
      Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)]),
    );
  });

describe("the frame reader", () => {
  it("finds the same frames however the bytes are cut, and however few are requested at once", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 8 }),
        fc.array(fc.nat(30), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (frames, cuts, maxFrames) => {
          const whole = Buffer.concat(frames);
          const chunks: Buffer[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(whole.subarray(at, at + cut));
            at += cut;
          }
          chunks.push(whole.subarray(at));
          assert.deepEqual(framesIn(chunks), framesIn([whole]));
          assert.deepEqual(framesIn(chunks, maxFrames), framesIn([whole]));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("copies what it keeps: the caller's buffer may be reused", () => {
    const whole = Buffer.concat([
      frame(Type.HEADERS, END_HEADERS, 1, Buffer.alloc(100, 7)),
      frame(Type.PING, 0, 0, Buffer.alloc(8, 9)),
    ]);
    const seen: string[] = [];
    const sink: FrameSink = {
      onFrame: (_frame, buffer, start, end) => {
        seen.push(Buffer.from(buffer.subarray(start, end)).toString("hex"));
      },
      onFrameHeader() {},
      onDataBegin() {},
      onDataPiece() {},
    };
    const reader = new FrameReader(sink, 16_384);
    const one = Buffer.alloc(1);
    for (const byte of whole) {
      one[0] = byte;
      reader.read(one, 0, 1, 1);
    }
    assert.deepEqual(seen, ["07".repeat(100), "09".repeat(8)]);
  });
});

describe("a connection cut at every byte boundary", () => {
  it("is understood by the server", async (t) => {
    const request = Buffer.concat([
      MAGIC,
      settings([3, 100]),
      frame(Type.HEADERS, 0, 1, POST_FIELDS.subarray(0, 9)),
      frame(Type.CONTINUATION, 0, 1, POST_FIELDS.subarray(9, 20)),
      frame(Type.CONTINUATION, END_HEADERS, 1, POST_FIELDS.subarray(20)),
      frame(Type.DATA, PADDED, 1, Buffer.concat([Buffer.from([3]), Buffer.from("hello "), Buffer.alloc(3)])),
      frame(Type.PING, 0, 0, Buffer.alloc(8)),
      frame(0x20, 0, 1, Buffer.alloc(10)),
      frame(Type.DATA, 0, 1, Buffer.from("world")),
      frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, fields("x-sum", "1")),
    ]);
    for (let cut = 1; cut < request.length; cut++) {
      const { client, server } = await socketPair(t);
      const connection = new ServerConnection(server, echo, { reader: "caller" });
      const peer = new RawPeer(client, false);
      connection.receive(request.subarray(0, cut));
      connection.receive(Buffer.from(request), cut);
      const data = await peer.next(Type.DATA, 1);
      assert.equal(data.payload.toString(), "hello world", `cut at ${cut}`);
      const trailers = await peer.next(Type.HEADERS, 1);
      assert.equal(trailers.flags & END_STREAM, END_STREAM);
      connection.destroy();
    }
  });

  it("is understood one byte at a time, between a client and a server of this library", async (t) => {
    const { client } = await link(t, echo, {
      onServerSocket(socket) {
        const emit = socket.emit.bind(socket) as (event: string, ...args: unknown[]) => boolean;
        socket.emit = ((event: string, ...args: unknown[]) => {
          if (event !== "data") return emit(event, ...args);
          for (const byte of args[0] as Buffer) emit("data", Buffer.from([byte]));
          return true;
        }) as typeof socket.emit;
      },
    });
    for (const size of [0, 1, 100, 20_000]) {
      const collector = new Collector();
      client.requestMessage(POST, NO_FIELDS, null, Buffer.alloc(size, size), collector);
      assert.ok((await collector.response).body.equals(Buffer.alloc(size, size)));
    }
  });
});
