import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { frame, goAway, magic } from "../../../tests/dist/support/wire.js";
import { FrameFilter, frameType, streamIdOf, typeOf } from "../dist/client/engines/undici/frames.js";

describe("a frame filter", () => {
  const goaway = goAway(9, 0, "debug data");
  const parts = [
    magic,
    frame(4, 0, 0, Buffer.alloc(12)),
    frame(1, 4, 1, Buffer.from("header block")),
    frame(0, 0, 1, Buffer.from("hello, ")),
    goaway,
    frame(0, 0, 1, Buffer.alloc(0)),
    frame(0, 0x8, 1, Buffer.from([3, ...Buffer.from("padded "), 0, 0, 0])),
    frame(0, 0x1, 1, Buffer.from("world")),
    frame(0, 0x1, 3, Buffer.alloc(16_384, "x")),
    frame(3, 0, 3, Buffer.from([0, 0, 0, 8])),
    frame(9, 0, 1, Buffer.alloc(20_000)),
    frame(3, 0, 5, Buffer.from([0, 0, 0, 7])),
  ];
  const bytes = Buffer.concat(parts);
  const seen = [
    "4 on 0",
    "DATA on 1",
    "7 on 0",
    "DATA on 1",
    "DATA on 1",
    "DATA on 1",
    "DATA on 3",
    "3 on 3",
    "3 on 5",
  ];

  for (const size of [1, 2, 3, 7, 8, 9, 10, 13, 100, 16_384, 16_393, bytes.length]) {
    it(`finds every frame in pieces of ${size} bytes, and passes on what it should`, () => {
      const log: string[] = [];
      const data = new Map<number, string>();
      const filter = new FrameFilter(
        {
          types: [frameType.settings, frameType.rstStream, frameType.goaway],
          frame(whole) {
            log.push(`${typeOf(whole)} on ${streamIdOf(whole)}`);
            return typeOf(whole) !== frameType.goaway;
          },
          dataHead: (head) => void log.push(`DATA on ${streamIdOf(head)}`),
          data: (streamId, part) => void data.set(streamId, (data.get(streamId) ?? "") + part.toString()),
        },
        magic.length,
      );
      const out: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        out.push(...filter.pass(bytes.subarray(at, at + size)));
      }
      assert.deepEqual(log, seen);
      assert.equal(data.get(1), "hello, padded world");
      assert.equal(data.get(3), "x".repeat(16_384));
      assert.ok(Buffer.concat(out).equals(Buffer.concat(parts.filter((part) => part !== goaway))));
    });
  }

  it("passes on frames that are longer than allowed", () => {
    const filter = new FrameFilter({ types: [frameType.settings], frame: () => assert.fail("seen") });
    const long = frame(4, 0, 0, Buffer.alloc(16_385));
    assert.ok(Buffer.concat([long.subarray(0, 5), long.subarray(5)].flatMap((part) => filter.pass(part))).equals(long));
  });
});
