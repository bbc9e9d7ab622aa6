import { Code, type ConnectError } from "@connectrpc/connect";
import { notProcessed } from "../../../grpc/index.js";

/**
 * The memory of a queued call besides the bytes of its request, in bytes. It was measured with 50,000 calls that waited
 * for a connection on Node.js 20.20, with garbage collected before and after. Each call, with its promise and the
 * caller's `catch()`, took 822 bytes of heap as a unary call, 1,024 with one header of metadata (202 more), and 3,031
 * to 3,451 as a stream of any kind, which has many iterators and promises. A signal took 689 more, or 996 if the call
 * does not share it. Each value is rounded up to half a KiB.
 */
export const callBytes = 1_024;
/** The additional memory of a stream, in bytes. */
export const streamBytes = 3_584 - callBytes;
/** The additional memory of a signal, in bytes. */
export const signalBytes = 1_024;

/** Limits the memory of a transport's waiting calls in all queues together, in bytes. */
export class QueueBudget {
  #heldBytes = 0;

  constructor(private readonly maxBytes: number) {}

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Reserves this many bytes; returns false if the limit does not allow it. */
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

  /** Creates the error of a call for which there was no room. */
  exceeded(): ConnectError {
    const message = `waiting calls hold ${this.#heldBytes} bytes, and maxWaitingBytes is ${this.maxBytes}`;
    return notProcessed(message, Code.ResourceExhausted, undefined);
  }
}

/**
 * A queue of calls that wait for the same thing. A call leaves it in constant time, without leaving anything behind.
 */
export class CallQueue<C> {
  /** The calls with the bytes that each holds. */
  readonly #calls = new Map<C, number>();
  /**
   * The position of the queue's head. A new iterator for each call would walk over the gaps of the calls that have
   * left.
   */
  #next: Iterator<C> | undefined;

  constructor(
    private readonly budget: QueueBudget,
    /** Called when no call waits: the last one has left or was taken, or there was no room for the first. */
    private readonly onEmpty: () => void = () => {},
  ) {}

  get length(): number {
    return this.#calls.size;
  }

  /** Adds a call at the end; returns false if there is no room for it. */
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

  /** Removes a call, if it is in the queue. */
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

  /** Removes and returns the first call; undefined if the queue is empty. */
  shift(): C | undefined {
    if (this.#calls.size === 0) {
      return undefined;
    }
    this.#next ??= this.#calls.keys();
    // The iterator does not end before the queue is empty.
    const { value } = this.#next.next() as IteratorYieldResult<C>;
    this.leave(value);
    return value;
  }

  /** Removes and returns all calls. */
  clear(): C[] {
    const calls = [...this.#calls.keys()];
    for (const call of calls) {
      this.leave(call);
    }
    return calls;
  }
}
