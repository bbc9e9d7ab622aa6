import type { Compression } from "@connectrpc/connect/protocol";
import type { Codec } from "./codec.js";
import { unexpectedCompression } from "./compression.js";
import { compressedFlag, copyOf, EnvelopeReader, envelopeBytes, stretchOf } from "./envelope.js";
import { Inbox } from "./inbox.js";

/** A message as it travels, without its envelope. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

/** What it is in may be lent, if it is parsed at once. */
interface Received extends Encoded {
  readonly isLent: boolean;
}

export interface MessageInboxOptions {
  readonly codec: Codec;
  readonly readMaxBytes: number;
  /** So many bytes of the body have been taken. */
  readonly credit: (bytes: number) => void;
  /** The reader takes no more. */
  readonly onReturn: () => void;
}

/** The messages of a body that comes in pieces, parsed when they are taken. */
export class MessageInbox {
  readonly messages: Inbox<Received, unknown>;
  /** How messages that say they are compressed are. */
  encoding: Compression | null = null;
  readonly #reader: EnvelopeReader;
  /** Bytes that were credited before the message that they belong to was whole. */
  #prepaid = 0;

  constructor(private readonly options: MessageInboxOptions) {
    this.messages = new Inbox(
      (message) => this.#decode(message),
      ({ bytes }) => this.#credit(bytes.length + envelopeBytes),
      options.onReturn,
    );
    this.#reader = new EnvelopeReader(options.readMaxBytes, (buffer, start, end, flags, isLent) => {
      const isParsedNow = this.messages.isAwaited && (flags & compressedFlag) === 0;
      const bytes = isLent && !isParsedNow ? copyOf(buffer, start, end) : stretchOf(buffer, start, end);
      this.messages.put({ bytes, flags, isLent: isLent && isParsedNow });
    });
  }

  /** Whether the body may end here: not within a message. */
  get isAtEnd(): boolean {
    return this.#reader.isAtEnd;
  }

  /** @throws {ConnectError} ResourceExhausted for a message that says that it is larger than allowed. */
  push(buffer: Uint8Array, start: number, end: number): void {
    this.#reader.push(buffer, start, end);
    if (!this.#reader.isAtEnd) {
      // A message larger than the window would never become whole if its parts counted as unread.
      this.#prepaid += end - start;
      this.options.credit(end - start);
    }
  }

  #credit(bytes: number): void {
    const paid = Math.min(bytes, this.#prepaid);
    this.#prepaid -= paid;
    if (bytes > paid) {
      this.options.credit(bytes - paid);
    }
  }

  #decode({ bytes, flags, isLent }: Received): unknown {
    const { codec, readMaxBytes } = this.options;
    if (flags & compressedFlag) {
      if (this.encoding === null) {
        throw unexpectedCompression();
      }
      return this.encoding.decompress(bytes, readMaxBytes).then((whole) => codec.parse(whole));
    }
    return codec.parse(bytes, isLent);
  }
}
