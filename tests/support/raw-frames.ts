import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Flag, type Frame, FrameSplitter, frame, literals, magic, settings, Type } from "./wire.js";

export { frame, Type as FrameType };
export const { END_STREAM } = Flag;
const INITIAL_WINDOW_SIZE = 4;

/** The HEADERS of a call of the echo service. */
export function requestHeaders(streamId: number, method: string, contentType = "application/grpc"): Buffer {
  const fields = [":method", "POST", ":scheme", "http", ":path", `/vyra.test.EchoService/${method}`];
  return frame(Type.HEADERS, Flag.END_HEADERS, streamId, literals([...fields, "content-type", contentType]));
}

/**
 * A client that follows no rule unless it is told to. It keeps account of the windows that a server grants it, and
 * announces a window of `windowSize` bytes for each stream.
 */
export class RawClient {
  /** The bytes that it may still send on the connection. */
  window = 65_535;
  /** The initial window of each stream, in bytes. */
  initialWindow = 65_535;
  /** The bytes by which the windows of streams were enlarged. */
  readonly updates = new Map<number, number>();
  goAway: string | undefined;
  /** The streams that the server has reset. */
  readonly resets = new Set<number>();
  /** The payloads of the HEADERS and DATA frames of each stream, in the order in which they arrived. */
  readonly answered = new Map<number, Buffer[]>();
  readonly #splitter = new FrameSplitter();

  private constructor(readonly socket: Socket) {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  static async connect(path: string, windowSize = 65_535): Promise<RawClient> {
    const socket = connect(path);
    await once(socket, "connect");
    const client = new RawClient(socket);
    socket.write(magic);
    socket.write(frame(Type.SETTINGS, 0, 0, settings([INITIAL_WINDOW_SIZE, windowSize])));
    return client;
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  /** Writes the bytes, and waits until the operating system has accepted them. */
  async send(...frames: Uint8Array[]): Promise<void> {
    await new Promise((resolve) => {
      this.socket.write(Buffer.concat(frames), resolve);
    });
  }

  /** Sends as much of a body on a stream as the connection's window allows. @returns the number of bytes */
  async sendData(streamId: number, body: Uint8Array, flags = 0): Promise<number> {
    const bytes = Math.min(body.length, this.window);
    this.window -= bytes;
    const frames: Buffer[] = [];
    for (let at = 0; at < bytes; at += 16_384) {
      frames.push(frame(Type.DATA, flags, streamId, body.subarray(at, Math.min(bytes, at + 16_384))));
    }
    await this.send(...frames);
    return bytes;
  }

  close(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    for (const found of this.#splitter.push(chunk)) {
      this.#onFrame(found);
    }
  }

  #onFrame({ type, flags, streamId, payload }: Frame): void {
    if (type === Type.SETTINGS && (flags & Flag.ACK) === 0) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === INITIAL_WINDOW_SIZE) {
          this.initialWindow = payload.readUInt32BE(at + 2);
        }
      }
      this.socket.write(frame(Type.SETTINGS, Flag.ACK, 0));
    } else if (type === Type.WINDOW_UPDATE) {
      const increment = payload.readUInt32BE(0);
      if (streamId === 0) {
        this.window += increment;
      } else {
        this.updates.set(streamId, (this.updates.get(streamId) ?? 0) + increment);
      }
    } else if (type === Type.GOAWAY) {
      this.goAway = payload.subarray(8).toString();
    } else if (type === Type.RST_STREAM) {
      this.resets.add(streamId);
    } else if (type === Type.HEADERS || type === Type.DATA) {
      this.answered.set(streamId, [...(this.answered.get(streamId) ?? []), Buffer.from(payload)]);
    }
  }
}
