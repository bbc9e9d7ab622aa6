import type { Compression } from "@connectrpc/connect/protocol";
import { unexpectedCompression } from "../grpc/compression.js";
import { assertReadable, compressedFlag, envelopeBytes, lengthAt } from "../grpc/envelope.js";
import { copyOf, viewOf } from "../protobuf/bytes.js";
import type { Codec } from "../protobuf/codec.js";
import { decompressInTurn } from "./decompress.js";
import { Inbox, type InboxSource, nothing } from "./inbox.js";
import { type Inlet, UnfinishedMessage } from "./unfinished-message.js";
import { type Taken, WaitingMessages } from "./waiting-messages.js";

export interface MessageInboxOptions {
  readonly codec: Pick<Codec, "parse">;
  readonly readMaxBytes: number;
  /** Called when the reader stops reading. */
  readonly onReturn: () => void;
}

/** The largest batch: this many messages, and no more once they have this many bytes with their envelopes. */
const maxBatchMessages = 1_024;
const maxBatchBytes = 65_536;

/**
 * Receives the messages of a body in pieces and parses them when they are taken; if a reader waits, in place, where
 * they were received. If nobody reads, a stream holds no more than its window allows: the window is opened for a larger
 * message only while a reader waits for it.
 */
export class MessageInbox implements InboxSource<unknown> {
  readonly messages: Inbox<unknown> = new Inbox(this);
  /** The compression of messages whose Compressed-Flag is set. */
  encoding: Compression | null = null;
  /** The stream that the body comes from; it must be set before anything is received. */
  inlet!: Inlet;
  readonly #waiting = new WaitingMessages();
  /** The received part of an envelope; all of it once its message has begun. */
  readonly #envelope = new Uint8Array(envelopeBytes);
  #envelopeBytes = 0;
  /** The received part of that envelope's message; undefined if the message is to be dropped. */
  #unfinished: UnfinishedMessage | undefined;
  /** The number of bytes of that message that have not been received. */
  #missing = 0;
  /** A message that is about to be given to the waiting reader. */
  #arrived: Taken | undefined;
  /** The message after a batch that could not be part of it: it is being decompressed, or is an error. */
  #held: Promise<unknown> | undefined;
  #takenBytes = 0;
  /** The number of messages that are being decompressed. */
  #decompressing = 0;
  /** The cost of the fields that this inbox has recorded on the account, in bytes. */
  #fieldBytes = 0;

  constructor(private readonly options: MessageInboxOptions) {}

  /** Whether the body may end here, between two messages. */
  get isAtEnd(): boolean {
    return this.#envelopeBytes === 0;
  }

  /** Whether there is nothing left to take. */
  get isEmpty(): boolean {
    return this.#waiting.isEmpty;
  }

  /** Whether a received message is still being decompressed. */
  get isDecompressing(): boolean {
    return this.#decompressing > 0;
  }

  /** The incomplete message for which a reader waits, if there is one. */
  get unfinished(): unknown {
    return this.messages.isAwaited ? this.#unfinished : undefined;
  }

  /**
   * Takes a piece of the body. @throws {ConnectError} ResourceExhausted for a message that announces a larger size than
   * allowed.
   */
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
      if (this.#isOneAwaited) {
        const bytes = viewOf(buffer, bodyAt, bodyAt + length); // the decoder takes no Buffer's slice
        this.#offer({ bytes, start: 0, end: length, flags: buffer[at] as number, isLent: true });
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
    // Several readers may wait, and one batch may be less than what has arrived.
    while (this.messages.isAwaited && !(this.#waiting.isEmpty && this.#held === undefined)) {
      this.messages.arrived();
    }
    if (this.#missing > 0 && this.messages.isAwaited) {
      this.inlet.expect(this.#missing);
    }
  }

  /** Whether a reader waits that takes the next message as soon as it is there. */
  get #isOneAwaited(): boolean {
    return this.messages.isAwaited && !this.messages.isBatchAwaited;
  }

  /**
   * Records the memory of the stream's fields on the account until the reader has reached the end of the messages, or
   * stops reading. The stream records it only until its own end.
   */
  keepFields(bytes: number): void {
    this.#fieldBytes = bytes;
    this.inlet.account.fields(bytes);
  }

  #releaseFields(): void {
    this.inlet.account.fields(-this.#fieldBytes);
    this.#fieldBytes = 0;
  }

  take(): unknown {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return held;
    }
    return this.#takeOne();
  }

  takeBatch(): unknown[] | Promise<unknown[]> | typeof nothing {
    const batch: unknown[] = [];
    const until = this.#takenBytes + maxBatchBytes;
    while (batch.length < maxBatchMessages && this.#takenBytes < until) {
      let taken: unknown;
      try {
        taken = this.take();
      } catch (error) {
        if (batch.length === 0) {
          throw error;
        }
        taken = Promise.reject(error);
      }
      if (taken === nothing) {
        break;
      }
      if (taken instanceof Promise) {
        if (batch.length === 0) {
          return taken.then((message) => [message]);
        }
        taken.catch(() => {}); // the next reader gets the error
        this.#held = taken;
        break;
      }
      batch.push(taken);
    }
    return batch.length === 0 ? nothing : batch;
  }

  #takeOne(): unknown {
    const taken = this.#arrived ?? this.#waiting.take(this.inlet.account);
    if (taken === undefined) {
      if (this.#fieldBytes > 0) {
        this.#releaseFields();
      }
      return nothing;
    }
    this.#arrived = undefined;
    const { bytes, start, end, flags, isLent } = taken;
    const consumed = envelopeBytes + end - start;
    this.#takenBytes += consumed;
    this.inlet.consume(consumed);
    const { codec, readMaxBytes } = this.options;
    if (flags & compressedFlag) {
      if (this.encoding === null) {
        throw unexpectedCompression();
      }
      const own = isLent ? copyOf(bytes, start, end) : viewOf(bytes, start, end);
      this.#decompressing++;
      return decompressInTurn(this.encoding, own, readMaxBytes, this.inlet.account, (whole) =>
        codec.parse(whole),
      ).finally(() => this.#decompressing--);
    }
    return codec.parse(bytes, isLent, start, end);
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
      this.#held = undefined;
      this.#waiting.clear(this.inlet?.account);
      if (this.#fieldBytes > 0) {
        this.#releaseFields();
      }
    }
  }

  onReturn(): void {
    this.options.onReturn();
  }

  /** Takes more of the message that has begun, or begins one. Returns where the taken bytes end. */
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
      this.#completed(this.#unfinished);
    }
    return at + taken;
  }

  /** Passes a complete message on: to the reader if it waits, or else to the waiting messages. */
  #completed(message: UnfinishedMessage | undefined): void {
    this.#unfinished = undefined;
    if (message === undefined) {
      return;
    }
    if (this.#isOneAwaited) {
      const { bytes, length, flags } = message;
      message.release();
      this.#offer({ bytes, start: 0, end: length, flags, isLent: false });
    } else {
      this.#waiting.add(message, this.#envelope, this.inlet.account);
    }
  }

  /** Offers a message to the waiting reader. */
  #offer(taken: Taken): void {
    this.#arrived = taken;
    this.messages.arrived();
  }
}
