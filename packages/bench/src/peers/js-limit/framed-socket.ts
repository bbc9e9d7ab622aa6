import type { Socket } from "node:net";

/**
 * The smallest framing that several calls on one socket need: `length (4) | kind (1) | call (4) | body`, where length
 * is that of the body alone. All frames of one turn of the event loop leave in one write; small bodies are copied into
 * it, large ones are written by reference.
 */
export const Kind = { CALL: 0, PING_PONG: 1, DOWNLOAD: 2, UPLOAD: 3, END: 4 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** The callback may keep `body`. */
export type OnFrame = (kind: Kind, call: number, body: Uint8Array) => void;

const headerBytes = 9;
const poolBytes = 256 * 1024;
const copiedBytes = 8 * 1024;
/**
 * The most that an endless stream writes in one turn of the event loop. If its reader keeps up, the kernel takes every
 * write at once, and the socket drains before the event loop continues: without this limit nothing else would be served
 * meanwhile.
 */
const batchBytes = 64 * 1024;

export class FramedSocket {
  readonly #socket: Socket;
  readonly #onFrame: OnFrame;
  // Outgoing: [#from, #at) of the pool, and the pieces in #ready, are not written yet.
  #pool = Buffer.allocUnsafeSlow(poolBytes);
  #from = 0;
  #at = 0;
  #ready: Uint8Array[] = [];
  #isScheduled = false;
  // Incoming: the part of a frame that has arrived.
  #partial: Buffer | undefined;
  #partialBytes = 0;

  constructor(socket: Socket, onFrame: OnFrame) {
    this.#socket = socket;
    this.#onFrame = onFrame;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  send(kind: Kind, call: number, body: Uint8Array): void {
    const { length } = body;
    const isCopied = length <= copiedBytes;
    this.#reserve(headerBytes + (isCopied ? length : 0));
    const pool = this.#pool;
    const at = this.#at;
    writeUint32(pool, at, length);
    pool[at + 4] = kind;
    writeUint32(pool, at + 5, call);
    this.#at = at + headerBytes;
    if (isCopied) {
      pool.set(body, this.#at);
      this.#at += length;
    } else {
      this.#closePiece();
      this.#ready.push(body);
    }
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(flush, this);
    }
  }

  /**
   * Calls `next`, which sends, until it returns false, as fast as the socket takes the data. In between, the rest of
   * the process gets its turns.
   */
  pump(next: () => boolean): void {
    const limit = this.#at + batchBytes;
    do {
      if (!next()) {
        return;
      }
    } while (this.#at < limit && this.#ready.length === 0);
    this.flush();
    const goOn = () => setImmediate(() => this.pump(next));
    if (this.#socket.writableNeedDrain) {
      this.#socket.once("drain", goOn);
    } else {
      goOn();
    }
  }

  flush(): void {
    this.#isScheduled = false;
    this.#closePiece();
    const pieces = this.#ready;
    if (pieces.length === 0) {
      return;
    }
    this.#ready = [];
    if (pieces.length === 1) {
      this.#socket.write(pieces[0] as Uint8Array);
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) {
      this.#socket.write(piece);
    }
    this.#socket.uncork();
  }

  #closePiece(): void {
    if (this.#at > this.#from) {
      this.#ready.push(this.#pool.subarray(this.#from, this.#at));
      this.#from = this.#at;
    }
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > poolBytes) {
      this.#closePiece();
      this.#pool = Buffer.allocUnsafeSlow(poolBytes);
      this.#from = 0;
      this.#at = 0;
    }
  }

  #receive(chunk: Buffer): void {
    let at = 0;
    if (this.#partial !== undefined) {
      at = this.#complete(this.#partial, chunk);
    }
    while (chunk.length - at >= headerBytes) {
      const length = readUint32(chunk, at);
      const end = at + headerBytes + length;
      if (end > chunk.length) {
        break;
      }
      this.#deliver(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) {
      this.#keep(chunk, at);
    }
  }

  #deliver(buffer: Buffer, at: number, end: number): void {
    this.#onFrame(buffer[at + 4] as Kind, readUint32(buffer, at + 5), buffer.subarray(at + headerBytes, end));
  }

  /** Keeps the beginning of a frame, with room for the rest if its length is known. */
  #keep(chunk: Buffer, at: number): void {
    const bytes = chunk.length - at;
    const total = bytes < headerBytes ? headerBytes : headerBytes + readUint32(chunk, at);
    this.#partial = Buffer.allocUnsafeSlow(total);
    chunk.copy(this.#partial, 0, at);
    this.#partialBytes = bytes;
  }

  /** Adds to a frame of which a part has arrived. Returns how much of the chunk was used. */
  #complete(partial: Buffer, chunk: Buffer): number {
    const used = Math.min(partial.length - this.#partialBytes, chunk.length);
    chunk.copy(partial, this.#partialBytes, 0, used);
    this.#partialBytes += used;
    if (this.#partialBytes < partial.length) {
      return used;
    }
    this.#partial = undefined;
    const total = headerBytes + readUint32(partial, 0);
    if (total === partial.length) {
      this.#deliver(partial, 0, total);
      return used;
    }
    this.#partial = Buffer.allocUnsafeSlow(total);
    partial.copy(this.#partial);
    return used + this.#complete(this.#partial, chunk.subarray(used));
  }
}

function flush(socket: FramedSocket): void {
  socket.flush();
}

function readUint32(buffer: Buffer, at: number): number {
  return (
    ((buffer[at] as number) << 24) |
    ((buffer[at + 1] as number) << 16) |
    ((buffer[at + 2] as number) << 8) |
    (buffer[at + 3] as number)
  );
}

function writeUint32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}
