import { assertReadable, envelopeBytes, lengthAt } from "../grpc/envelope.js";
import { type Inlet, UnfinishedMessage } from "./unfinished-message.js";

/**
 * Gets the message in `[start, end)`. Where it is only lent, it has to be parsed or copied before this returns: the next bytes are
 * read into the same memory.
 */
export type OnMessage = (buffer: Uint8Array, start: number, end: number, flags: number, isLent: boolean) => void;

/**
 * Takes the message out of a body that comes in pieces and has one. What has come of it is on the account until `release()`, also when it
 * is whole.
 */
export class EnvelopeReader {
  /** What has come of an envelope that was cut in two. */
  readonly #head = new Uint8Array(envelopeBytes);
  #headBytes = 0;
  /** What has come of a message, once its length is known. */
  #unfinished: UnfinishedMessage | undefined;

  constructor(
    private readonly readMaxBytes: number,
    private readonly inlet: Inlet,
    private readonly onMessage: OnMessage,
  ) {}

  /** Whether the body may end here: not within a message. */
  get isAtEnd(): boolean {
    return this.#missing === 0 && this.#headBytes === 0;
  }

  get #missing(): number {
    return this.#unfinished?.missing ?? 0;
  }

  /** @throws {ConnectError} ResourceExhausted as soon as a message says that it is larger than allowed. */
  push(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#unfinished !== undefined && this.#missing > 0) {
        at = this.#unfinished.add(buffer, at, end);
        this.#tellIfWhole(this.#unfinished);
        continue;
      }
      while (at < end && this.#headBytes < envelopeBytes) {
        this.#head[this.#headBytes++] = buffer[at++] as number;
      }
      if (this.#headBytes < envelopeBytes) {
        return;
      }
      this.#headBytes = 0;
      const length = lengthAt(this.#head, 0);
      const flags = this.#head[0] as number;
      assertReadable(length, this.readMaxBytes);
      if (end - at >= length) {
        this.onMessage(buffer, at, at + length, flags, true);
        at += length;
      } else if (this.#unfinished !== undefined) {
        this.onMessage(this.#head, 0, 0, flags, true); // one too many: that is known before it is there
      } else {
        this.#unfinished = new UnfinishedMessage(length, flags, this.inlet);
      }
    }
    if (this.#unfinished !== undefined) {
      // One byte more: nghttp2, and so Node.js, does not end a stream whose window is used up to the last byte.
      this.inlet.expect(this.#missing + 1);
    }
  }

  /** Nothing of it is held any more. */
  release(): void {
    this.#unfinished?.release();
  }

  #tellIfWhole(message: UnfinishedMessage): void {
    if (message.missing === 0) {
      this.onMessage(message.bytes, 0, message.length, message.flags, false);
    }
  }
}
