import { Code, ConnectError } from "@connectrpc/connect";

/** Length-Prefixed-Message: a byte of flags and four of length, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. */
export const envelopeBytes = 5;
/** Compressed-Flag. */
export const compressedFlag = 1;

/** The envelope in front of a message of this length. Overwritten by the next call: use it at once. */
export function envelopeOf(length: number, flags: number): Uint8Array {
  shared[0] = flags;
  shared[1] = length >>> 24;
  shared[2] = length >>> 16;
  shared[3] = length >>> 8;
  shared[4] = length;
  return shared;
}
const shared = new Uint8Array(envelopeBytes);

/** The length in the envelope at this place. */
export function lengthAt(buffer: Uint8Array, at: number): number {
  // biome-ignore format: four bytes, big-endian
  return ((buffer[at + 1] as number) * 0x1000000) + (((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 8) | (buffer[at + 4] as number));
}

/** The bytes in `[start, end)`, in place. `Buffer.subarray` takes several times as long to make another `Buffer`. */
export function stretchOf({ buffer, byteOffset }: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + start, end - start);
}

/** A copy of the bytes in `[start, end)`. */
export function copyOf(buffer: Uint8Array, start: number, end: number): Uint8Array {
  const bytes = stretchOf(buffer, start, end);
  if (bytes.length <= maxHeapBytes) {
    return bytes.slice();
  }
  const copy = stretchOf(Buffer.allocUnsafe(bytes.length), 0, bytes.length);
  copy.set(bytes);
  return copy;
}

/**
 * V8 keeps arrays up to this length within its heap. To make one there takes some 50 ns, where an `ArrayBuffer` of its own takes
 * over 1 µs; and as much to refer to a part of one, because it has to leave the heap first.
 */
export const maxHeapBytes = 64;

/**
 * Gets the message in `[start, end)`. Where it is only lent, it has to be parsed or copied before this returns: the next bytes are
 * read into the same memory.
 */
export type OnMessage = (buffer: Uint8Array, start: number, end: number, flags: number, isLent: boolean) => void;

/** Takes whole messages out of a body that comes in pieces. */
export class EnvelopeReader {
  /** What has come of an envelope that was cut in two. */
  readonly #head = new Uint8Array(envelopeBytes);
  #headBytes = 0;
  /** What has come of a message, once its length is known. */
  #body: Uint8Array | undefined;
  #bodyBytes = 0;
  #flags = 0;

  constructor(
    private readonly readMaxBytes: number,
    private readonly onMessage: OnMessage,
  ) {}

  /** Whether the body may end here: not within a message. */
  get isAtEnd(): boolean {
    return this.#body === undefined && this.#headBytes === 0;
  }

  /** @throws {ConnectError} ResourceExhausted as soon as a message says that it is larger than allowed. */
  push(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#body !== undefined) {
        at = this.#fill(this.#body, buffer, at, end);
        continue;
      }
      let head = buffer;
      let headAt = at;
      if (this.#headBytes === 0 && end - at >= envelopeBytes) {
        at += envelopeBytes;
      } else {
        while (at < end && this.#headBytes < envelopeBytes) {
          this.#head[this.#headBytes++] = buffer[at++] as number;
        }
        if (this.#headBytes < envelopeBytes) {
          return;
        }
        this.#headBytes = 0;
        head = this.#head;
        headAt = 0;
      }
      const flags = head[headAt] as number;
      const length = lengthAt(head, headAt);
      assertReadable(length, this.readMaxBytes);
      if (end - at >= length) {
        this.onMessage(buffer, at, at + length, flags, true);
        at += length;
      } else {
        this.#flags = flags;
        this.#body = Buffer.allocUnsafeSlow(length); // not handed on before it is full
        this.#bodyBytes = 0;
      }
    }
  }

  #fill(body: Uint8Array, buffer: Uint8Array, at: number, end: number): number {
    const taken = Math.min(body.length - this.#bodyBytes, end - at);
    body.set(stretchOf(buffer, at, at + taken), this.#bodyBytes);
    this.#bodyBytes += taken;
    if (this.#bodyBytes === body.length) {
      this.#body = undefined;
      this.onMessage(body, 0, body.length, this.#flags, false);
    }
    return at + taken;
  }
}

/** Refuses a message that is about to come and larger than allowed. */
export function assertReadable(length: number, readMaxBytes: number): void {
  if (length > readMaxBytes) {
    throw new ConnectError(
      `message size ${length} is larger than configured readMaxBytes ${readMaxBytes}`,
      Code.ResourceExhausted,
    );
  }
}

/** Refuses to send a message that is larger than allowed. */
export function assertWritable(length: number, writeMaxBytes: number): void {
  if (length > writeMaxBytes) {
    throw new ConnectError(
      `message size ${length} is larger than configured writeMaxBytes ${writeMaxBytes}`,
      Code.ResourceExhausted,
    );
  }
}

/** The error of a body that ended within a message. */
export function incompleteMessage(): ConnectError {
  return new ConnectError("protocol error: the body ends within a message", Code.Internal);
}
