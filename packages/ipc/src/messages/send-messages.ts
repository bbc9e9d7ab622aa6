import { Code, ConnectError } from "@connectrpc/connect";
import { envelopeOf } from "../grpc/envelope.js";
import { checkedResult } from "../user-code/iterators.js";
import { assertArray, ignoreRejections, type MessageSource } from "./batches.js";
import type { Encoded } from "./encoded.js";
import { type Run, run } from "./run.js";
import { sending, Turn } from "./turns.js";

/** A message of up to this size, in bytes, exceeds the room that there is for something by little. */
const smallBytes = 16_384;

/** The destination of messages: an HTTP/2 stream. */
export interface Outlet {
  readonly isClosed: boolean;
  /**
   * Tells whether a message of this size may wait there for its receiver, considering all that waits on the connection.
   */
  hasRoomFor(bytes: number): boolean;
  /** Tells whether a message of this size exceeds the memory that all connections may hold together. */
  isAboveShared(bytes: number): boolean;
  /** Arranges for `Drain.onDrain()` to be called when there is room again. */
  awaitRoom(): void;
  /**
   * Sends a message after its envelope. Returns false if the sender should wait for `Drain.onDrain()` before the next
   * one.
   */
  message(envelope: Uint8Array, body: Uint8Array): boolean;
  /** Sends whole messages with their envelopes, like `message()`. They are copied at once if they are a run. */
  data(messages: Uint8Array): boolean;
}

/** Lets a sender wait until its outlet accepts more, or never will. */
export class Drain {
  #wake: (() => void) | undefined;

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  onDrain(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** The callbacks of a sender of messages. */
export interface MessageSender {
  /**
   * Adds a message to a run. Returns the message in the form in which it is sent by itself if it cannot be part of the
   * run, or there is none; a promise if it is compressed.
   */
  addTo(this: void, run: Run | undefined, message: unknown): Encoded | Promise<Encoded> | undefined;
  readonly drain: Drain;
  /** Tells whether messages are no longer wanted. */
  isOver(this: void): boolean;
  /** Called before the first message is sent; not called if there is none. */
  onFirst?(this: void): void;
}

/**
 * Sends messages one after another, each when the one before it has found room, and a limited number in a turn of the
 * event loop: a source that always has a next message would otherwise keep everything else from running, even a
 * cancellation.
 *
 * @returns whether all messages have been sent
 * @throws whatever the source or `addTo` throws, after the messages before it have been sent
 */
export async function sendMessages(
  { iterator, isBatched }: MessageSource,
  outlet: Outlet,
  sender: MessageSender,
): Promise<boolean> {
  const { isOver } = sender;
  const batch = new OutgoingBatch(outlet, sender);
  for (;;) {
    const { done, value } = checkedResult(await iterator.next());
    if (done || isOver()) {
      return !isOver();
    }
    if (isBatched) {
      batch.beginAll(value);
    } else {
      batch.begin(value);
    }
    for (let pause = batch.send(); pause !== undefined; pause = batch.send()) {
      await pause;
      if (isOver()) {
        return false;
      }
    }
  }
}

/** Messages that are being sent, which the source has yielded together. */
class OutgoingBatch {
  readonly #turn = new Turn(sending);
  readonly #single: unknown[] = [undefined];
  #messages: readonly unknown[] = this.#single;
  /** The first message that has not been sent. */
  #at = 1;
  #isFirst = true;
  #isTurnOver = false;

  constructor(
    private readonly outlet: Outlet,
    private readonly sender: MessageSender,
  ) {}

  begin(message: unknown): void {
    this.#single[0] = message;
    this.#at = 0;
  }

  /** @throws {TypeError} for a value that is not an array of messages */
  beginAll(messages: unknown): void {
    assertArray(messages);
    this.#messages = messages;
    this.#at = 0;
    // A source of empty arrays must not keep the turn for ever either.
    this.#isTurnOver = messages.length === 0 && this.#turn.spend(0);
  }

  /**
   * Sends as many messages as it may. Returns undefined when all are sent, or the call is over; otherwise a promise of
   * the time to go on.
   */
  send(): Promise<void> | undefined {
    const { outlet, sender } = this;
    if (this.#isTurnOver) {
      this.#isTurnOver = false;
      return this.#turn.next();
    }
    while (this.#at < this.#messages.length && !sender.isOver()) {
      if (!outlet.hasRoomFor(0) && !outlet.isClosed) {
        // Messages wait here unencoded, since their bytes would need memory as well.
        outlet.awaitRoom();
        return sender.drain.wait();
      }
      const pause = this.#sendSome();
      if (pause !== undefined) {
        return pause;
      }
    }
    return undefined;
  }

  /** Sends messages in one run, and the next one by itself if it cannot be part of it. */
  #sendSome(): Promise<void> | undefined {
    const messages = this.#messages;
    const { addTo } = this.sender;
    const own = run.begin(this.#turn.most);
    let apart: Encoded | Promise<Encoded> | undefined;
    let pause: Promise<void> | undefined;
    let count = 0;
    try {
      do {
        apart = addTo(own, messages[this.#at]);
        this.#at++;
      } while (apart === undefined && this.#at < messages.length && own?.isFull === false);
    } catch (error) {
      ignoreRejections(messages);
      throw error;
    } finally {
      if (own !== undefined) {
        count = own.count;
        const bytes = own.end();
        pause = count === 0 ? undefined : this.#sendRun(bytes, count);
      }
    }
    if (apart === undefined) {
      return pause;
    }
    if (pause !== undefined) {
      this.#at--; // it is encoded again afterwards
      return pause;
    }
    return apart instanceof Promise ? apart.then((encoded) => this.#sendApart(encoded)) : this.#sendApart(apart);
  }

  #sendRun(bytes: Uint8Array, count: number): Promise<void> | undefined {
    if (this.sender.isOver()) {
      return undefined;
    }
    this.#open();
    return this.#pauseAfter(this.outlet.data(bytes), bytes.length, count);
  }

  #sendApart({ bytes, flags }: Encoded): Promise<void> | undefined {
    const { outlet, sender } = this;
    if (sender.isOver()) {
      return undefined;
    }
    if (bytes.length > smallBytes && outlet.isAboveShared(bytes.length)) {
      const problem = `a message of ${bytes.length} bytes exceeds the memory that all connections may hold together`;
      throw new ConnectError(problem, Code.ResourceExhausted);
    }
    this.#open();
    return this.#pauseAfter(outlet.message(envelopeOf(bytes.length, flags), bytes), bytes.length, 1);
  }

  #open(): void {
    if (this.#isFirst) {
      this.#isFirst = false;
      this.sender.onFirst?.();
    }
  }

  #pauseAfter(mayGoOn: boolean, bytes: number, count: number): Promise<void> | undefined {
    const isTurnOver = this.#turn.spend(bytes, count);
    if (!mayGoOn && !this.outlet.isClosed) {
      return this.sender.drain.wait();
    }
    return isTurnOver ? this.#turn.next() : undefined;
  }
}
