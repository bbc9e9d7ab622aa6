import { envelopeBytes, lengthAt } from "../grpc/envelope.js";
import { viewOf } from "../protobuf/bytes.js";
import { Inbox, type InboxSource, nothing } from "./inbox.js";
import { type Inlet, memoryOverhead, UnfinishedMessage } from "./unfinished-message.js";

/** The form of a body, for {@link BytesInbox}. */
export interface BodyForm {
  /** Whether messages come in envelopes; otherwise the whole body is one message. */
  readonly isEnveloped: boolean;
  /** The length of the whole body in bytes, if it is announced. */
  readonly contentLength: number | undefined;
  /** The maximum size of a message, in bytes. */
  readonly readMaxBytes: number;
  /** Whether the body should be one message. The reader then gets it only when the body has ended. */
  readonly isSingle: boolean;
}

/** A stream that also reports how much its peer may send now. */
export interface BytesInlet extends Inlet {
  /** The number of bytes that the peer may send now. */
  readonly receiveWindow: number;
  /** Drops bytes that are received from now on. */
  resume(): void;
}

/** Bytes that wait to be taken: many short messages joined, or one message that came in pieces. */
interface Waiting {
  readonly memory: Uint8Array;
  end: number;
  /** The message that is charged to the account, if these bytes are not charged themselves. */
  readonly message: UnfinishedMessage | undefined;
}

const minCapacity = 1_024;
const maxCapacity = 16_384;
/**
 * A message of up to this size that came in pieces is joined with others, since memory of its own would cost more than
 * the message.
 */
const shortBytes = 4_096;
/** A receive window below this size is as good as closed. */
const closedWindowBytes = 1_024;

/**
 * Receives a body in pieces for a reader that takes bytes, such as Connect's handlers. Those keep the beginning of a
 * message until they have its end, in memory that no account counts. Therefore they get only whole messages; incomplete
 * ones are kept here, where they are counted and keep the stream's window closed.
 */
export class BytesInbox implements InboxSource<Uint8Array> {
  readonly bytes: Inbox<Uint8Array> = new Inbox(this);
  #waiting: Waiting[] = [];
  #unfinished: UnfinishedMessage | undefined;
  readonly #head = new Uint8Array(envelopeBytes);
  #headBytes = 0;
  /** Set when the body is expected to have the maximum length. */
  #isLengthAssumed = false;
  /** Set when the body is too large. The reader reports that when it has read the beginning. */
  #isTooLarge = false;
  /** Whether received bytes are kept back until the body has ended. */
  #isKeptBack: boolean;

  constructor(
    private readonly inlet: BytesInlet,
    private readonly form: BodyForm,
  ) {
    this.#isKeptBack = form.isSingle;
  }

  /** The incomplete message for which the reader waits, if there is one. */
  get unfinished(): unknown {
    return this.bytes.isAwaited ? this.#unfinished : undefined;
  }

  push(buffer: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && !this.bytes.isEnded; ) {
      at = this.#add(buffer, at, end);
    }
    if (this.#isTooLarge) {
      this.#isKeptBack = false;
    }
    if (this.#waiting.length > 0 && !this.#isKeptBack) {
      this.bytes.arrived();
    }
    if (this.bytes.isAwaited) {
      this.onWait();
    }
  }

  /** Ends the body. The reader also gets an incomplete message: reporting it is the reader's task. */
  finish(): void {
    const message = this.#unfinished;
    this.#unfinished = undefined;
    this.#isKeptBack = false;
    if (message !== undefined) {
      this.#keep(message, message.length - message.missing);
    } else if (this.#headBytes > 0) {
      this.#join(this.#head, 0, this.#headBytes);
    }
    this.inlet.expect(0);
    if (this.#waiting.length > 0) {
      this.bytes.arrived();
    }
    this.bytes.finish();
  }

  take(): Uint8Array | typeof nothing {
    const first = this.#isKeptBack ? undefined : this.#waiting.shift();
    if (first === undefined) {
      return nothing;
    }
    this.#discharge(first);
    this.inlet.consume(first.end);
    return viewOf(first.memory, 0, first.end);
  }

  onWait(): void {
    const missing = this.#unfinished?.missing;
    if (missing === undefined) {
      return;
    }
    const { isEnveloped, contentLength } = this.form;
    // If the reader waits for the end of the body, one more byte is expected than is missing, since Node.js does not
    // end a stream whose window is used up to the last byte.
    if (isEnveloped) {
      this.inlet.expect(this.#isKeptBack ? missing + 1 : missing);
    } else if (contentLength !== undefined) {
      this.inlet.expect(missing + 1);
    } else if (!this.#isLengthAssumed) {
      this.#expectUnknown(missing);
    }
  }

  /**
   * Expects the rest of a body whose length is not announced, which may be as long as allowed. Room for many such
   * bodies is scarce, so it counts as that long only when its window is closed. That may also happen by SETTINGS,
   * without any byte; until then one more byte is expected.
   */
  #expectUnknown(missing: number): void {
    if (this.inlet.receiveWindow >= closedWindowBytes) {
      this.inlet.expect(1);
      return;
    }
    this.#isLengthAssumed = true;
    this.inlet.expect(0); // This ends the expectation of that one byte.
    this.inlet.expect(missing + 1);
  }

  onEnd(isDropped: boolean): void {
    this.#unfinished?.release();
    this.#unfinished = undefined;
    for (const waiting of isDropped ? this.#waiting.splice(0) : []) {
      this.#discharge(waiting);
    }
  }

  onReturn(): void {
    this.inlet.resume();
  }

  /** Takes some of the received bytes and returns where they end. */
  #add(buffer: Uint8Array, start: number, end: number): number {
    if (this.#isTooLarge) {
      this.#join(buffer, start, end);
      return end;
    }
    if (this.#unfinished === undefined) {
      if (this.#waiting.length > 0) {
        this.#isKeptBack = false; // there is more than one message, which the reader reports
      }
      return this.form.isEnveloped ? this.#beginEnveloped(buffer, start, end) : this.#beginBody(start);
    }
    const message = this.#unfinished;
    const at = message.add(buffer, start, end);
    if (message.missing === 0) {
      this.#unfinished = undefined;
      this.#isTooLarge = !this.form.isEnveloped;
      this.#keep(message, message.length);
    }
    return at;
  }

  #beginBody(start: number): number {
    const { contentLength, readMaxBytes } = this.form;
    this.#unfinished = new UnfinishedMessage(
      Math.max(1, Math.min(contentLength ?? Infinity, readMaxBytes + 1)),
      0,
      this.inlet,
    );
    return start;
  }

  #beginEnveloped(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#headBytes === 0) {
      while (end - at >= envelopeBytes && end - at - envelopeBytes >= lengthAt(buffer, at)) {
        at += envelopeBytes + lengthAt(buffer, at);
      }
      this.#join(buffer, start, at);
    }
    while (at < end && this.#headBytes < envelopeBytes) {
      this.#head[this.#headBytes++] = buffer[at++] as number;
    }
    if (this.#headBytes === envelopeBytes) {
      this.#headBytes = 0;
      const length = lengthAt(this.#head, 0);
      if (length > this.form.readMaxBytes || length === 0) {
        this.#isTooLarge = length > 0;
        this.#join(this.#head, 0, envelopeBytes);
      } else {
        this.#unfinished = new UnfinishedMessage(envelopeBytes + length, 0, this.inlet);
        this.#unfinished.add(this.#head, 0, envelopeBytes);
      }
    }
    return at;
  }

  /** Makes the first bytes of a message, up to `end`, wait for the reader. */
  #keep(message: UnfinishedMessage, end: number): void {
    if (end <= shortBytes) {
      this.#join(message.bytes, 0, end);
      message.release();
    } else {
      this.#waiting.push({ memory: message.bytes, end, message });
    }
  }

  #join(buffer: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const last = this.#waiting.at(-1);
      const room = last === undefined || last.message !== undefined ? 0 : last.memory.length - last.end;
      if (last === undefined || room === 0) {
        this.#extend(end - at);
        continue;
      }
      const taken = Math.min(room, end - at);
      last.memory.set(viewOf(buffer, at, at + taken), last.end);
      last.end += taken;
      at += taken;
    }
  }

  #extend(wanted: number): void {
    const size = Math.max(wanted, Math.min(minCapacity << Math.min(this.#waiting.length, 4), maxCapacity / 4));
    const memory = Buffer.allocUnsafeSlow(this.bytes.isAwaited ? wanted : size);
    this.#waiting.push({ memory: viewOf(memory, 0, memory.length), end: 0, message: undefined });
    this.inlet.account.unread(costOf(memory));
  }

  #discharge({ memory, message }: Waiting): void {
    if (message === undefined) {
      this.inlet.account.unread(-costOf(memory));
    } else {
      message.release();
    }
  }
}

function costOf(memory: Uint8Array): number {
  return memory.length + memoryOverhead;
}
