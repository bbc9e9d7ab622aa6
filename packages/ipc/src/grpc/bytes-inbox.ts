import { envelopeBytes, lengthAt, stretchOf } from "./envelope.js";
import { Inbox, type InboxSource, nothing } from "./inbox.js";
import { type Inlet, memoryOverhead, UnfinishedMessage } from "./unfinished-message.js";

/** What a body is, for {@link BytesInbox}. */
export interface BodyForm {
  /** Messages come in envelopes; otherwise the whole body is one message. */
  readonly isEnveloped: boolean;
  /** Of the whole body, where it says so itself. */
  readonly contentLength: number | undefined;
  readonly readMaxBytes: number;
  /** There is to be one message, which the reader wants with its end: until then it stays here. */
  readonly isSingle: boolean;
}

/** A stream that also tells how much its peer may send now. */
export interface BytesInlet extends Inlet {
  readonly receiveWindow: number;
  resume(): void;
}

/** Bytes that wait to be taken: many short messages joined, or one that came in pieces. */
interface Waiting {
  readonly memory: Uint8Array;
  end: number;
  /** What has it on the account, if it is not here. */
  readonly message: UnfinishedMessage | undefined;
}

const leastCapacity = 1_024;
const mostCapacity = 16_384;
/** Up to this, a message that came in pieces is joined with others, where its memory would cost more than itself. */
const shortBytes = 4_096;
/** A window with less than this has as good as nothing left. */
const shutBytes = 1_024;

/**
 * A body that comes in pieces, for a reader who takes bytes, such as Connect's handlers. They keep the beginning of a message until they
 * have its end, and no account knows of it; so they are given only whole messages, and what is not whole yet is kept here, where it is
 * counted and the stream's window stays shut for it.
 */
export class BytesInbox implements InboxSource<Uint8Array> {
  readonly bytes: Inbox<Uint8Array> = new Inbox(this);
  #waiting: Waiting[] = [];
  #unfinished: UnfinishedMessage | undefined;
  readonly #head = new Uint8Array(envelopeBytes);
  #headBytes = 0;
  /** The body is expected to be as long as it may be. */
  #isLengthAssumed = false;
  /** What comes is too large: the reader will say so when he has seen its beginning. */
  #isTooLarge = false;
  /** What has come is given to the reader when its end has. */
  #isKept: boolean;

  constructor(
    private readonly inlet: BytesInlet,
    private readonly form: BodyForm,
  ) {
    this.#isKept = form.isSingle;
  }

  /** The message that has begun and that the reader waits for, if there is one. */
  get unfinished(): unknown {
    return this.bytes.isAwaited ? this.#unfinished : undefined;
  }

  push(buffer: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && !this.bytes.isEnded; ) {
      at = this.#add(buffer, at, end);
    }
    if (this.#isTooLarge) {
      this.#isKept = false;
    }
    if (this.#waiting.length > 0 && !this.#isKept) {
      this.bytes.arrived();
    }
    if (this.bytes.isAwaited) {
      this.onWait();
    }
  }

  /** Nothing more will come. What is not whole is given to the reader as well: to miss the rest is his affair. */
  finish(): void {
    const message = this.#unfinished;
    this.#unfinished = undefined;
    this.#isKept = false;
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
    const first = this.#isKept ? undefined : this.#waiting.shift();
    if (first === undefined) {
      return nothing;
    }
    this.#discharge(first);
    this.inlet.consume(first.end);
    return stretchOf(first.memory, 0, first.end);
  }

  onWait(): void {
    const missing = this.#unfinished?.missing;
    if (missing === undefined) {
      return;
    }
    const { isEnveloped, contentLength } = this.form;
    if (isEnveloped) {
      // One byte more where the end has to come: Node.js does not end a stream whose window is used up to the last byte.
      this.inlet.expect(this.#isKept ? missing + 1 : missing);
    } else if (contentLength !== undefined) {
      this.inlet.expect(missing + 1); // likewise
    } else if (!this.#isLengthAssumed) {
      this.#expectUnknown(missing);
    }
  }

  /**
   * A body that does not say how long it is may be as long as it may. There is not room for many such, so it counts as that long only when
   * its window is shut; that may also come by settings, without any byte: so one more byte is expected until then.
   */
  #expectUnknown(missing: number): void {
    if (this.inlet.receiveWindow >= shutBytes) {
      this.inlet.expect(1);
      return;
    }
    this.#isLengthAssumed = true;
    this.inlet.expect(0); // what that one byte has been let in for
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

  /** Takes some of what has come; returns where that ends. */
  #add(buffer: Uint8Array, start: number, end: number): number {
    if (this.#isTooLarge) {
      this.#join(buffer, start, end);
      return end;
    }
    if (this.#unfinished === undefined) {
      if (this.#waiting.length > 0) {
        this.#isKept = false; // another message: one too many, as the reader will find
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

  /** Has so much of a message wait for the reader. */
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
      last.memory.set(stretchOf(buffer, at, at + taken), last.end);
      last.end += taken;
      at += taken;
    }
  }

  #extend(wanted: number): void {
    const size = Math.max(wanted, Math.min(leastCapacity << Math.min(this.#waiting.length, 4), mostCapacity / 4));
    const memory = Buffer.allocUnsafeSlow(this.bytes.isAwaited ? wanted : size);
    this.#waiting.push({ memory: stretchOf(memory, 0, memory.length), end: 0, message: undefined });
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
