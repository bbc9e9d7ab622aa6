import { Code, ConnectError } from "@connectrpc/connect";
import type { Account } from "@vyra/http2";
import { assertReadable, compressedFlag, envelopeBytes, lengthAt } from "../grpc/envelope.js";
import { copyOf, viewOf } from "../protobuf/bytes.js";
import { EnvelopeReader } from "./envelope-reader.js";
import { type Inlet, memoryOverhead } from "./unfinished-message.js";

/** The stream that a message comes from. */
export interface MessageSource extends Inlet {
  pause(isCounted: boolean): void;
}

/**
 * The single message of a body: a unary request or response. It usually arrives whole in one DATA frame and is lent:
 * its bytes must be parsed or kept before the next ones are read into the same memory.
 */
export class SingleMessage {
  #bytes: Uint8Array | undefined;
  #flags = 0;
  #count = 0;
  #reader: EnvelopeReader | undefined;
  /** The account to which a copy is charged, and its cost. */
  #account: Pick<Account, "unfinished"> | undefined;
  #keptBytes = 0;
  /** Whether the bytes will be overwritten. */
  isLent = false;

  /** @param name what error messages call the message */
  constructor(
    private readonly readMaxBytes: number,
    private readonly name: "input" | "output",
  ) {}

  /**
   * Takes a piece of the body.
   * @throws {ConnectError} ResourceExhausted for a message that is too large, Unimplemented for a second message
   */
  push(source: MessageSource, buffer: Uint8Array, start: number, end: number): void {
    const length = end - start - envelopeBytes;
    if (this.#reader === undefined && length >= 0 && lengthAt(buffer, start) === length) {
      assertReadable(length, this.readMaxBytes);
      this.#onMessage(buffer, start + envelopeBytes, end, buffer[start] as number, true);
    } else if (end > start) {
      this.#reader ??= this.#readInPieces(source);
      this.#reader.push(buffer, start, end);
    }
  }

  /** The message's bytes, from when all have arrived until they are released. */
  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  get isCompressed(): boolean {
    return (this.#flags & compressedFlag) !== 0;
  }

  /** Whether a message has arrived, even if it has been released. */
  get hasCome(): boolean {
    return this.#count > 0;
  }

  /** Whether the body may end here. */
  get isAtEnd(): boolean {
    return this.#reader?.isAtEnd ?? true;
  }

  /** Preserves the bytes until `release()`: lent bytes are copied, and the copy is charged to the account. */
  keep(account: Pick<Account, "unfinished">): Uint8Array {
    const bytes = this.#bytes as Uint8Array; // a message has arrived
    if (!this.isLent) {
      return bytes;
    }
    this.isLent = false;
    this.#bytes = copyOf(bytes, 0, bytes.length);
    this.#account = account;
    this.#keptBytes = bytes.length + memoryOverhead;
    account.unfinished(this.#keptBytes);
    return this.#bytes;
  }

  /** Releases the bytes and their charge. */
  release(): void {
    this.#bytes = undefined;
    this.#reader?.release();
    this.#account?.unfinished(-this.#keptBytes);
    this.#account = undefined;
  }

  /**
   * Reads a message in pieces. They are charged to the connection's account and keep the stream's window closed until
   * the message is complete.
   */
  #readInPieces(source: MessageSource): EnvelopeReader {
    source.pause(false);
    return new EnvelopeReader(this.readMaxBytes, source, (...message) => this.#onMessage(...message));
  }

  #onMessage(buffer: Uint8Array, start: number, end: number, flags: number, isLent: boolean): void {
    if (++this.#count > 1) {
      throw new ConnectError(
        `protocol error: received extra ${this.name} message for unary method`,
        Code.Unimplemented,
      );
    }
    this.#bytes = viewOf(buffer, start, end);
    this.#flags = flags;
    this.isLent = isLent;
  }
}
