import { Code, ConnectError } from "@connectrpc/connect";
import { envelopeOf } from "./envelope.js";
import { checkedResult } from "./iterators.js";
import type { Encoded } from "./message-inbox.js";
import { sending, Turn } from "./turns.js";

/** Where messages go: an HTTP/2 stream. */
export interface Outlet {
  readonly isClosed: boolean;
  /** Whether a message of so many bytes may wait there for its receiver, for all that others have waiting. */
  hasRoomFor(bytes: number): boolean;
  /** Whether it is more than there is room for with all who share it. */
  isAboveShared(bytes: number): boolean;
  /** Has `Drain.onDrain()` called when there is room again. */
  awaitRoom(): void;
  /** Sends a message behind its envelope. Returns whether more is welcome; if not, `Drain.onDrain()` is called when it is. */
  message(envelope: Uint8Array, body: Uint8Array): boolean;
}

/** Lets a sender wait until its outlet takes more, or will never take any. */
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

/**
 * Sends messages one by one, each when the one before it has found room, and so many in a turn of the event loop: a source that always
 * has a next one would let nobody else in, not even whoever wants to cancel it.
 *
 * @param encode turns a message into bytes; compressing takes time
 * @param isOver tells that nobody wants any more, before each message
 * @param onFirst is called before the first message is sent, and not if there is none
 * @returns whether all have been sent
 * @throws whatever the source or `encode` does
 */
export async function sendMessages(
  source: AsyncIterator<unknown>,
  encode: (message: unknown) => Encoded | Promise<Encoded>,
  outlet: Outlet,
  drain: Drain,
  isOver: () => boolean,
  onFirst?: () => void,
): Promise<boolean> {
  const turn = new Turn(sending);
  for (let isFirst = true; ; isFirst = false) {
    const { done, value } = checkedResult(await source.next());
    if (done || isOver()) {
      return !isOver();
    }
    // What waits here is as its maker made it: the bytes would be somebody's memory as well.
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
    if (outlet.isAboveShared(bytes.length)) {
      const what = `there is no room for a message of ${bytes.length} bytes: too much waits on all connections together`;
      throw new ConnectError(what, Code.ResourceExhausted);
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
