import { once } from "node:events";
import { connect, type Socket } from "node:net";

export const FrameType = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, GOAWAY: 7, WINDOW_UPDATE: 8 } as const;
export const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const INITIAL_WINDOW_SIZE = 4;

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** The HEADERS of a call of the echo service: literals without indexing (RFC 7541 §6.2.2), all shorter than 127 bytes. */
export function requestHeaders(streamId: number, method: string, contentType = "application/grpc"): Buffer {
  const fields = [":method", "POST", ":scheme", "http", ":path", `/vyra.test.EchoService/${method}`];
  fields.push("content-type", contentType);
  const block = fields.map((text, i) => Buffer.from([...(i % 2 === 0 ? [0] : []), text.length, ...Buffer.from(text)]));
  return frame(FrameType.HEADERS, END_HEADERS, streamId, Buffer.concat(block));
}

/**
 * A client that keeps to no rule but those it is told to: it knows the windows that a server grants it, and says of itself that it takes
 * `windowSize` bytes a stream.
 */
export class RawClient {
  /** What it may send on the connection. */
  window = 65_535;
  /** What it may send on a stream at first. */
  initialWindow = 65_535;
  /** By how much streams' windows were enlarged. */
  readonly updates = new Map<number, number>();
  goAway: string | undefined;
  /** DATA frames and HEADERS by stream, as they came. */
  readonly resets = new Set<number>();
  readonly answered = new Map<number, Buffer[]>();
  #rest: Buffer = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  static async connect(path: string, windowSize = 65_535): Promise<RawClient> {
    const socket = connect(path);
    await once(socket, "connect");
    const client = new RawClient(socket);
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
    entry.writeUInt32BE(windowSize, 2);
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    socket.write(frame(FrameType.SETTINGS, 0, 0, entry));
    return client;
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  /** Writes, and waits until the operating system has taken it. */
  async send(...frames: Uint8Array[]): Promise<void> {
    await new Promise((resolve) => {
      this.socket.write(Buffer.concat(frames), resolve);
    });
  }

  /** Sends so much of a body on a stream as the connection's window allows; returns how much. */
  async sendData(streamId: number, body: Uint8Array, flags = 0): Promise<number> {
    const bytes = Math.min(body.length, this.window);
    this.window -= bytes;
    const frames: Buffer[] = [];
    for (let at = 0; at < bytes; at += 16_384) {
      frames.push(frame(FrameType.DATA, flags, streamId, body.subarray(at, Math.min(bytes, at + 16_384))));
    }
    await this.send(...frames);
    return bytes;
  }

  close(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9 && this.#rest.length >= 9 + this.#rest.readUIntBE(0, 3)) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      this.#onFrame(
        this.#rest[3] as number,
        this.#rest[4] as number,
        this.#rest.readUInt32BE(5),
        this.#rest.subarray(9, end),
      );
      this.#rest = this.#rest.subarray(end);
    }
  }

  #onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (type === FrameType.SETTINGS && (flags & ACK) === 0) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === INITIAL_WINDOW_SIZE) {
          this.initialWindow = payload.readUInt32BE(at + 2);
        }
      }
      this.socket.write(frame(FrameType.SETTINGS, ACK, 0));
    } else if (type === FrameType.WINDOW_UPDATE) {
      const increment = payload.readUInt32BE(0);
      if (streamId === 0) {
        this.window += increment;
      } else {
        this.updates.set(streamId, (this.updates.get(streamId) ?? 0) + increment);
      }
    } else if (type === FrameType.GOAWAY) {
      this.goAway = payload.subarray(8).toString();
    } else if (type === FrameType.RST_STREAM) {
      this.resets.add(streamId);
    } else if (type === FrameType.HEADERS || type === FrameType.DATA) {
      this.answered.set(streamId, [...(this.answered.get(streamId) ?? []), Buffer.from(payload)]);
    }
  }
}
