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

/** What the messages of a method have in common. */
export interface SingleMessageRules {
  readonly readMaxBytes: number;
  /** The word for the message in errors. */
  readonly name: "input" | "output";
}

/**
 * The single message of a body: a unary request or response. It usually arrives whole in one DATA frame and is lent:
 * its bytes must be parsed or kept before the next ones are read into the same memory.
 */
export class SingleMessage {
  // Ordinary fields that the constructor assigns: one of these objects belongs to each unary call, on either side.
  private readonly rules: SingleMessageRules;
  /** The message's bytes, from when all have arrived until they are released. */
  bytes: Uint8Array | undefined;
  /** Whether the bytes will be overwritten. */
  isLent: boolean;
  private flags: number;
  private count: number;
  private reader: EnvelopeReader | undefined;
  /** The account to which a copy is charged, and its cost. */
  private charge: { readonly account: Pick<Account, "unfinished">; readonly bytes: number } | undefined;

  constructor(rules: SingleMessageRules) {
    this.rules = rules;
    this.bytes = undefined;
    this.isLent = false;
    this.flags = 0;
    this.count = 0;
    this.reader = undefined;
    this.charge = undefined;
  }

  /**
   * Takes a piece of the body.
   * @throws {ConnectError} ResourceExhausted for a message that is too large, Unimplemented for a second message
   */
  push(source: MessageSource, buffer: Uint8Array, start: number, end: number): void {
    const length = end - start - envelopeBytes;
    if (this.reader === undefined && length >= 0 && lengthAt(buffer, start) === length) {
      assertReadable(length, this.rules.readMaxBytes);
      this.onMessage(buffer, start + envelopeBytes, end, buffer[start] as number, true);
    } else if (end > start) {
      this.reader ??= this.readInPieces(source);
      this.reader.push(buffer, start, end);
    }
  }

  get isCompressed(): boolean {
    return (this.flags & compressedFlag) !== 0;
  }

  /** Whether a message has arrived, even if it has been released. */
  get hasCome(): boolean {
    return this.count > 0;
  }

  /** Whether the body may end here. */
  get isAtEnd(): boolean {
    return this.reader?.isAtEnd ?? true;
  }

  /** Preserves the bytes until `release()`: lent bytes are copied, and the copy is charged to the account. */
  keep(account: Pick<Account, "unfinished">): Uint8Array {
    const bytes = this.bytes as Uint8Array; // a message has arrived
    if (!this.isLent) {
      return bytes;
    }
    this.isLent = false;
    this.bytes = copyOf(bytes, 0, bytes.length);
    this.charge = { account, bytes: bytes.length + memoryOverhead };
    account.unfinished(this.charge.bytes);
    return this.bytes;
  }

  /** Releases the bytes and their charge. */
  release(): void {
    this.bytes = undefined;
    this.reader?.release();
    const { charge } = this;
    if (charge !== undefined) {
      this.charge = undefined;
      charge.account.unfinished(-charge.bytes);
    }
  }

  /**
   * Reads a message in pieces. They are charged to the connection's account and keep the stream's window closed until
   * the message is complete.
   */
  private readInPieces(source: MessageSource): EnvelopeReader {
    source.pause(false);
    return new EnvelopeReader(this.rules.readMaxBytes, source, (...message) => this.onMessage(...message));
  }

  private onMessage(buffer: Uint8Array, start: number, end: number, flags: number, isLent: boolean): void {
    if (++this.count > 1) {
      throw new ConnectError(
        `protocol error: received extra ${this.rules.name} message for unary method`,
        Code.Unimplemented,
      );
    }
    this.bytes = viewOf(buffer, start, end);
    this.flags = flags;
    this.isLent = isLent;
  }
}
