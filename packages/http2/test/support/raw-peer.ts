import type { Socket } from "node:net";
import { type Deferred, deferred } from "./sockets.js";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const MAGIC = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export const Type = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const PRIORITY = 0x20;

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

export function settings(...entries: [id: number, value: number][]): Buffer {
  const payload = Buffer.alloc(entries.length * 6);
  entries.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frame(Type.SETTINGS, 0, 0, payload);
}

export function uint32(...values: number[]): Buffer {
  const payload = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    payload.writeUInt32BE(value, i * 4);
  });
  return payload;
}

/** Encodes fields as literals without indexing and without Huffman coding, which needs no state on either side. */
export function fields(...list: string[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < list.length; i += 2) {
    parts.push(Buffer.from([0]), literal(list[i] ?? ""), literal(list[i + 1] ?? ""));
  }
  return Buffer.concat(parts);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const prefix: number[] = [];
  if (bytes.length < 127) prefix.push(bytes.length);
  else {
    prefix.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) prefix.push((rest & 127) | 128);
    prefix.push(rest);
  }
  return Buffer.concat([Buffer.from(prefix), bytes]);
}

export const GET = fields(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "localhost");
export const POST = fields(":method", "POST", ":scheme", "http", ":path", "/", ":authority", "localhost");
export const OK = fields(":status", "200");

/** The other end of a connection under test. It sends frames one by one, whether or not they are valid. */
export class RawPeer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<void>;
  isClosed = false;
  private pending = Buffer.alloc(0);
  private magicLeft: number;
  private seen = 0;
  private waiting: { matches: (frame: Frame) => boolean; found: Deferred<Frame> } | null = null;

  /**
   * @param isServer whether the peer plays the server, so that the connection under test begins with the client's
   *   preface
   */
  constructor(socket: Socket, isServer: boolean) {
    this.socket = socket;
    this.magicLeft = isServer ? MAGIC.length : 0;
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
    socket.on("error", () => {}); // a reset socket counts as an ended one
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.isClosed = true;
        this.waiting?.found.reject(new Error(`connection closed; frames so far: ${this.summary()}`));
        resolve();
      });
    });
  }

  send(...chunks: Uint8Array[]): void {
    this.socket.write(Buffer.concat(chunks));
  }

  /** Sends the preface of this side (RFC 9113 §3.4), with these settings. */
  begin(...entries: [id: number, value: number][]): void {
    this.send(...(this.magicLeft > 0 ? [] : [MAGIC]), settings(...entries));
  }

  /** Waits for the next frame that matches. Frames before it are skipped for good. */
  async next(type: number, streamId?: number): Promise<Frame> {
    const matches = (found: Frame): boolean =>
      found.type === type && (streamId === undefined || found.streamId === streamId);
    for (; this.seen < this.frames.length; this.seen++) {
      const found = this.frames[this.seen];
      if (found !== undefined && matches(found)) {
        this.seen++;
        return found;
      }
    }
    if (this.isClosed) throw new Error(`connection closed; frames so far: ${this.summary()}`);
    const found = deferred<Frame>();
    this.waiting = { matches, found };
    return found.promise;
  }

  /** Waits for the GOAWAY that ends the connection. @returns its error code */
  async goAwayCode(): Promise<number> {
    const goAway = await this.next(Type.GOAWAY);
    return goAway.payload.readUInt32BE(4);
  }

  /** Waits for RST_STREAM on a stream. @returns its error code */
  async resetCode(streamId: number): Promise<number> {
    const reset = await this.next(Type.RST_STREAM, streamId);
    return reset.payload.readUInt32BE(0);
  }

  /** Waits for two round trips: after them all frames sent before have been processed, and the replies have arrived. */
  async settle(): Promise<void> {
    for (const payload of ["settling", "settled!"]) {
      this.send(frame(Type.PING, 0, 0, Buffer.from(payload)));
      let ack: Frame;
      do ack = await this.next(Type.PING);
      while ((ack.flags & ACK) === 0 || ack.payload.toString() !== payload);
    }
  }

  ofType(type: number, streamId?: number): Frame[] {
    return this.frames.filter((f) => f.type === type && (streamId === undefined || f.streamId === streamId));
  }

  private receive(chunk: Buffer): void {
    const magic = Math.min(this.magicLeft, chunk.length);
    this.magicLeft -= magic;
    this.pending = Buffer.concat([this.pending, chunk.subarray(magic)]);
    while (this.pending.length >= 9) {
      const length = this.pending.readUIntBE(0, 3);
      if (this.pending.length < 9 + length) return;
      const found: Frame = {
        type: this.pending[3] ?? 0,
        flags: this.pending[4] ?? 0,
        streamId: this.pending.readUInt32BE(5) & 0x7fffffff,
        payload: Buffer.from(this.pending.subarray(9, 9 + length)),
      };
      this.pending = this.pending.subarray(9 + length);
      this.frames.push(found);
      const { waiting } = this;
      if (waiting?.matches(found)) {
        this.seen = this.frames.length;
        this.waiting = null;
        waiting.found.resolve(found);
      }
    }
  }

  private summary(): string {
    return this.frames.map((f) => `${f.type}/${f.flags}/${f.streamId}/${f.payload.length}`).join(" ");
  }
}
