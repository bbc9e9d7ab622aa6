import { assertReadable, envelopeBytes, lengthAt } from "../grpc/envelope.js";
import { type Inlet, UnfinishedMessage } from "./unfinished-message.js";

/**
 * Receives the message in `[start, end)`. A lent message must be parsed or copied before this returns, since the next
 * bytes are read into the same memory.
 */
export type OnMessage = (buffer: Uint8Array, start: number, end: number, flags: number, isLent: boolean) => void;

/**
 * Reads the single message of a body that comes in pieces. Its bytes are charged to the account until `release()`, also
 * when it is complete.
 */
export class EnvelopeReader {
  /** The received part of an envelope that was split. */
  readonly #head = new Uint8Array(envelopeBytes);
  #headBytes = 0;
  /** The received part of a message whose length is known. */
  #unfinished: UnfinishedMessage | undefined;

  constructor(
    private readonly readMaxBytes: number,
    private readonly inlet: Inlet,
    private readonly onMessage: OnMessage,
  ) {}

  /** Whether the body may end here, between two messages. */
  get isAtEnd(): boolean {
    return this.#missing === 0 && this.#headBytes === 0;
  }

  get #missing(): number {
    return this.#unfinished?.missing ?? 0;
  }

  /**
   * Takes a piece of the body. @throws {ConnectError} ResourceExhausted as soon as a message announces that it is
   * larger than allowed.
   */
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
        // A second message is reported before it has arrived, since it is an error.
        this.onMessage(this.#head, 0, 0, flags, true);
      } else {
        this.#unfinished = new UnfinishedMessage(length, flags, this.inlet);
      }
    }
    if (this.#unfinished !== undefined) {
      // One more byte is expected: nghttp2, and so Node.js, does not end a stream whose window is used up to the last
      // byte.
      this.inlet.expect(this.#missing + 1);
    }
  }

  /** Releases the memory of the message. */
  release(): void {
    this.#unfinished?.release();
  }

  #tellIfWhole(message: UnfinishedMessage): void {
    if (message.missing === 0) {
      this.onMessage(message.bytes, 0, message.length, message.flags, false);
    }
  }
}
