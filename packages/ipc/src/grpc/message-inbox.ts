import type { Compression } from "@connectrpc/connect/protocol";
import type { Codec } from "./codec.js";
import { unexpectedCompression } from "./compression.js";
import { decompressInTurn } from "./decompress.js";
import { assertReadable, compressedFlag, copyOf, envelopeBytes, lengthAt, stretchOf } from "./envelope.js";
import { Inbox, type InboxSource, nothing } from "./inbox.js";
import { type Inlet, UnfinishedMessage } from "./unfinished-message.js";
import { type Taken, WaitingMessages } from "./waiting-messages.js";

/** A message as it travels, without its envelope. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

export interface MessageInboxOptions {
  readonly codec: Codec;
  readonly readMaxBytes: number;
  /** The reader takes no more. */
  readonly onReturn: () => void;
}

/**
 * The messages of a body that comes in pieces, parsed when they are taken: where one is waited for, right where it was received.
 * Whoever does not read holds what his stream's window allows, and no more: a message larger than that has it opened only
 * while somebody waits for it.
 */
export class MessageInbox implements InboxSource<unknown> {
  readonly messages: Inbox<unknown> = new Inbox(this);
  /** How messages that say they are compressed are. */
  encoding: Compression | null = null;
  /** Where the body comes from; has to be known before anything comes. */
  inlet!: Inlet;
  readonly #waiting = new WaitingMessages();
  /** What has come of an envelope, all of it once its message has begun. */
  readonly #envelope = new Uint8Array(envelopeBytes);
  #envelopeBytes = 0;
  /** What has come of the message behind that; undefined if nobody wants it. */
  #unfinished: UnfinishedMessage | undefined;
  /** How much of it has not. */
  #missing = 0;
  /** What is to be given to the reader that waits. */
  #arrived: Taken | undefined;
  #decompressing = 0;
  /** What the fields cost that are kept. */
  #fieldBytes = 0;

  constructor(private readonly options: MessageInboxOptions) {}

  /** Whether the body may end here: not within a message. */
  get isAtEnd(): boolean {
    return this.#envelopeBytes === 0;
  }

  /** Whether nothing is left to be taken. */
  get isEmpty(): boolean {
    return this.#waiting.isEmpty;
  }

  /** Whether a message that has come is not readable yet. */
  get isDecompressing(): boolean {
    return this.#decompressing > 0;
  }

  /** The message that has begun and that a reader waits for, if there is one. */
  get unfinished(): unknown {
    return this.messages.isAwaited ? this.#unfinished : undefined;
  }

  /** @throws {ConnectError} ResourceExhausted for a message that says that it is larger than allowed. */
  push(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    if (this.#envelopeBytes > 0) {
      at = this.#continue(buffer, at, end);
    }
    let runAt = at;
    while (end - at >= envelopeBytes) {
      const length = lengthAt(buffer, at);
      assertReadable(length, this.options.readMaxBytes);
      const bodyAt = at + envelopeBytes;
      if (end - bodyAt < length) {
        break;
      }
      if (this.messages.isAwaited) {
        this.#offer({ bytes: stretchOf(buffer, bodyAt, bodyAt + length), flags: buffer[at] as number, isLent: true });
        runAt = bodyAt + length;
      }
      at = bodyAt + length;
    }
    if (at > runAt && !this.messages.isEnded) {
      this.#waiting.append(buffer, runAt, at, this.inlet.account);
    }
    if (at < end) {
      this.#continue(buffer, at, end);
    }
    if (this.#missing > 0 && this.messages.isAwaited) {
      this.inlet.expect(this.#missing);
    }
  }

  /** The stream is over, which counted its fields until now: they are kept until the reader comes to the end, or goes away. */
  keepFields(bytes: number): void {
    this.#fieldBytes = bytes;
    this.inlet.account.fields(bytes);
  }

  #letGoOfFields(): void {
    this.inlet.account.fields(-this.#fieldBytes);
    this.#fieldBytes = 0;
  }

  take(): unknown {
    const taken = this.#arrived ?? this.#waiting.take(this.inlet.account);
    if (taken === undefined) {
      if (this.#fieldBytes > 0) {
        this.#letGoOfFields();
      }
      return nothing;
    }
    this.#arrived = undefined;
    const { bytes, flags, isLent } = taken;
    this.inlet.consume(envelopeBytes + bytes.length);
    const { codec, readMaxBytes } = this.options;
    if (flags & compressedFlag) {
      if (this.encoding === null) {
        throw unexpectedCompression();
      }
      const own = isLent ? copyOf(bytes, 0, bytes.length) : bytes;
      this.#decompressing++;
      return decompressInTurn(this.encoding, own, readMaxBytes, this.inlet.account, (whole) =>
        codec.parse(whole),
      ).finally(() => this.#decompressing--);
    }
    return codec.parse(bytes, isLent);
  }

  onWait(): void {
    if (this.#missing > 0) {
      this.inlet.expect(this.#missing);
    }
  }

  onEnd(isDropped: boolean): void {
    this.#unfinished?.release();
    this.#unfinished = undefined;
    if (isDropped) {
      this.#waiting.clear(this.inlet?.account);
      if (this.#fieldBytes > 0) {
        this.#letGoOfFields();
      }
    }
  }

  onReturn(): void {
    this.options.onReturn();
  }

  /** Takes more of the message that has begun, or begins one. Returns where it ends, or the piece. */
  #continue(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#envelopeBytes < envelopeBytes) {
      while (at < end && this.#envelopeBytes < envelopeBytes) {
        this.#envelope[this.#envelopeBytes++] = buffer[at++] as number;
      }
      if (this.#envelopeBytes < envelopeBytes) {
        return at;
      }
      const length = lengthAt(this.#envelope, 0);
      assertReadable(length, this.options.readMaxBytes);
      this.#missing = length;
      this.#unfinished = this.messages.isEnded
        ? undefined
        : new UnfinishedMessage(length, this.#envelope[0] as number, this.inlet);
    }
    const taken = Math.min(this.#missing, end - at);
    this.#unfinished?.add(buffer, at, at + taken);
    this.#missing -= taken;
    if (this.#missing === 0) {
      this.#envelopeBytes = 0;
      this.#whole(this.#unfinished);
    }
    return at + taken;
  }

  #whole(message: UnfinishedMessage | undefined): void {
    this.#unfinished = undefined;
    if (message === undefined) {
      return;
    }
    if (this.messages.isAwaited) {
      const { bytes, flags } = message;
      message.release();
      this.#offer({ bytes, flags, isLent: false });
    } else {
      this.#waiting.add(message, this.#envelope, this.inlet.account);
    }
  }

  #offer(taken: Taken): void {
    this.#arrived = taken;
    this.messages.arrived();
  }
}
