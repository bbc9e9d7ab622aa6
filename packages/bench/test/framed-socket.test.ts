import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { FramedSocket, Kind } from "../dist/peers/js-limit/framed-socket.js";

/** A socket that keeps what is written to it. */
class FakeSocket extends EventEmitter {
  readonly written: Buffer[] = [];
  cork(): void {}
  uncork(): void {}
  write(piece: Uint8Array): boolean {
    this.written.push(Buffer.from(piece));
    return true;
  }
}

const bodies = [0, 1, 32, 8 * 1024, 8 * 1024 + 1, 300_000].map((bytes, i) => Buffer.alloc(bytes, i));

async function framesOf(chunkBytes: number): Promise<[number, number, Buffer][]> {
  const out = new FakeSocket();
  const sender = new FramedSocket(out as unknown as Socket, () => {});
  for (const [call, body] of bodies.entries()) {
    sender.send(Kind.CALL, call, body);
  }
  await new Promise(setImmediate);
  const stream = Buffer.concat(out.written);
  const frames: [number, number, Buffer][] = [];
  const back = new FakeSocket();
  new FramedSocket(back as unknown as Socket, (kind, call, body) => frames.push([kind, call, Buffer.from(body)]));
  for (let at = 0; at < stream.length; at += chunkBytes) {
    back.emit("data", stream.subarray(at, at + chunkBytes));
  }
  return frames;
}

describe("the limit's frames", () => {
  for (const chunkBytes of [1, 8, 9, 10, 65_536, 10_000_000]) {
    it(`arrive whole in pieces of ${chunkBytes} bytes`, async () => {
      assert.deepEqual(
        await framesOf(chunkBytes),
        bodies.map((body, call) => [Kind.CALL, call, body]),
      );
    });
  }
});
