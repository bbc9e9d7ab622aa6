import type { Socket } from "node:net";
import {
  Flag,
  type Frame,
  FrameSplitter,
  frame,
  literals,
  magic as MAGIC,
  settings as settingsPayload,
  Type,
  uint32,
} from "../../../../tests/dist/support/wire.js";
import { type Deferred, deferred } from "./sockets.js";

export { type Frame, frame, MAGIC, Type, uint32 };
export const { END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY } = Flag;

/** A SETTINGS frame. */
export function settings(...entries: [id: number, value: number][]): Buffer {
  return frame(Type.SETTINGS, 0, 0, settingsPayload(...entries));
}

/** Encodes fields as literals without indexing and without Huffman coding, which needs no state on either side. */
export function fields(...list: string[]): Buffer {
  return literals(list);
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
  private readonly splitter = new FrameSplitter();
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
    for (const found of this.splitter.push(chunk.subarray(magic))) {
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
