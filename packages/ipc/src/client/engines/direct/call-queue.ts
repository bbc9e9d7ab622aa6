import { Code, type ConnectError } from "@connectrpc/connect";
import { notProcessed } from "../../../grpc/index.js";

/**
 * What a call in line costs beside its request's bytes, in bytes. Of 50,000 that wait for a connection, garbage collected before and
 * after, each holds so much heap on Node.js 20.20, with its promise and the caller's `catch()`: 822 as a unary call, 1,024 with a header
 * of metadata (202 more); as a stream of whatever kind 3,031 to 3,451, whose iterators and promises are many; and with a signal 689
 * more, or 996 if the signal is its own. Each is rounded up here to half a KiB.
 */
export const callBytes = 1_024;
/** What a stream costs more. */
export const streamBytes = 3_584 - callBytes;
/** What a signal costs more. */
export const signalBytes = 1_024;

/** How much the calls of a transport that wait for their turn may hold, all lines together. */
export class QueueBudget {
  #heldBytes = 0;

  constructor(private readonly maxBytes: number) {}

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether there was room for so much. */
  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.maxBytes) {
      return false;
    }
    this.#heldBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
  }

  /** The error of a call for which there was no room. */
  exceeded(): ConnectError {
    const message = `calls that wait for their turn hold ${this.#heldBytes} bytes, and maxWaitingBytes is ${this.maxBytes}`;
    return notProcessed(message, Code.ResourceExhausted, undefined);
  }
}

/** Those that wait for one thing, in order. One that is over leaves in constant time, and nothing of it stays. */
export class CallQueue<C> {
  /** What each of them holds. */
  readonly #calls = new Map<C, number>();
  /** Keeps its place: to begin anew each time would be to walk over the gaps of those who have left. */
  #next: Iterator<C> | undefined;

  constructor(
    private readonly budget: QueueBudget,
    /** Nobody waits: the last has left or has been taken, or there was no room for the first. */
    private readonly onEmpty: () => void = () => {},
  ) {}

  get length(): number {
    return this.#calls.size;
  }

  /** Puts a call at the end, unless there is no room for it. */
  join(call: C, bytes: number): boolean {
    if (!this.budget.take(bytes)) {
      if (this.#calls.size === 0) {
        this.onEmpty();
      }
      return false;
    }
    this.#calls.set(call, bytes);
    return true;
  }

  /** Takes a call out, if it is there. */
  leave(call: C): void {
    const bytes = this.#calls.get(call);
    if (bytes !== undefined) {
      this.#calls.delete(call);
      this.budget.giveBack(bytes);
      if (this.#calls.size === 0) {
        this.#next = undefined;
        this.onEmpty();
      }
    }
  }

  /** Takes the first; undefined if nobody waits. */
  shift(): C | undefined {
    if (this.#calls.size === 0) {
      return undefined;
    }
    this.#next ??= this.#calls.keys();
    const { value } = this.#next.next() as IteratorYieldResult<C>; // it has not come to its end before the line is empty
    this.leave(value);
    return value;
  }

  /** Takes them all. */
  clear(): C[] {
    const calls = [...this.#calls.keys()];
    for (const call of calls) {
      this.leave(call);
    }
    return calls;
  }
}
