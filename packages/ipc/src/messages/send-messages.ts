import { Code, ConnectError } from "@connectrpc/connect";
import { envelopeOf } from "../grpc/envelope.js";
import { checkedResult } from "../user-code/iterators.js";
import type { Encoded } from "./encoded.js";
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
  /** Turns a message into bytes; returns a promise if it is compressed. */
  encode(this: void, message: unknown): Encoded | Promise<Encoded>;
  readonly drain: Drain;
  /** Tells whether messages are no longer wanted. Asked before each message. */
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
 * @throws whatever the source or `encode` throws
 */
export async function sendMessages(
  source: AsyncIterator<unknown>,
  outlet: Outlet,
  { encode, drain, isOver, onFirst }: MessageSender,
): Promise<boolean> {
  const turn = new Turn(sending);
  for (let isFirst = true; ; isFirst = false) {
    const { done, value } = checkedResult(await source.next());
    if (done || isOver()) {
      return !isOver();
    }
    // A message waits here unencoded, since its bytes would need memory as well.
    while (!outlet.hasRoomFor(0) && !outlet.isClosed && !isOver()) {
      outlet.awaitRoom();
      await drain.wait();
    }
    if (isOver()) {
      return false;
    }
    const encoded = encode(value);
    const { bytes, flags } = encoded instanceof Promise ? await encoded : encoded;
    if (isOver()) {
      return false;
    }
    if (bytes.length > smallBytes && outlet.isAboveShared(bytes.length)) {
      const problem = `a message of ${bytes.length} bytes exceeds the memory that all connections may hold together`;
      throw new ConnectError(problem, Code.ResourceExhausted);
    }
    if (isFirst) {
      onFirst?.();
    }
    if (!outlet.message(envelopeOf(bytes.length, flags), bytes) && !outlet.isClosed) {
      await drain.wait();
    }
    if (turn.spend(bytes.length)) {
      await turn.next();
      if (isOver()) {
        return false;
      }
    }
  }
}
