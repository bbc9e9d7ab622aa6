/**
 * Messages on their way into and out of streams, and the memory that they use: reading envelopes, collecting incomplete
 * messages, queues for readers, compression, and sending within flow control. Everything that waits here is charged to
 * an account of its connection. Protobuf itself belongs to `protobuf`, the pure rules of the wire to `grpc`.
 */

import { nextBatch } from "./batches.js";
import { Turn, taking } from "./turns.js";

/** The source of an inbox. */
export interface InboxSource<R> {
  /** Returns the next received item, or `nothing`. An exception or a rejected promise ends the reader's loop. */
  take(): R | Promise<R> | typeof nothing;
  /** Returns what is there, up to a limit, like `take()`. A source without it has only single items. */
  takeBatch?(): R[] | Promise<R[]> | typeof nothing;
  /** Called when a reader waits for the next item. */
  onWait(): void;
  /**
   * Called when nothing more will be received. Whole items can still be taken unless `isDropped` is set; incomplete
   * ones are dropped.
   */
  onEnd(isDropped: boolean): void;
  /** Called when the reader stops reading. */
  onReturn(): void;
}

export const nothing = Symbol("nothing");

/**
 * An async iterator over received items that wait to be taken. Filling it never blocks. A slow reader slows the sender
 * down by what it leaves in the source.
 */
export class Inbox<R> implements AsyncIterableIterator<R> {
  #end: { readonly error: unknown } | undefined;
  /** Readers that wait for items, in order. */
  readonly #readers: Reader<unknown>[] = [];
  readonly #turn = new Turn(taking);
  #isTurnOver = false;
  /**
   * The number of readers that take their items in the next turn of the event loop, so that one turn does not take
   * everything that has arrived.
   */
  #later = 0;

  constructor(private readonly source: InboxSource<R>) {}

  /** Whether a reader waits; the source is empty then. */
  get isAwaited(): boolean {
    return this.#readers.length > 0;
  }

  /** Whether the reader that waits takes all that arrives together. */
  get isBatchAwaited(): boolean {
    return this.#readers[0]?.isBatch === true;
  }

  /** Whether nothing that arrives will be taken any more. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Gives what has arrived to the waiting reader, if there is one. */
  arrived(): void {
    const reader = this.#readers.shift();
    if (reader === undefined) {
      return;
    }
    try {
      this.#give(reader.isBatch ? this.#batch() : this.source.take(), reader);
    } catch (error) {
      reader.reject(error);
    }
  }

  /** Ends the iterator, with an error unless it is undefined. Only the first call has an effect. */
  finish(error?: unknown): void {
    if (this.#end === undefined) {
      this.#end = { error };
      this.source.onEnd(false);
      for (const reader of this.#readers.splice(0)) {
        this.#tellEnd(reader, error);
      }
    }
  }

  /** Ends the iterator like `finish()`, and drops everything that has not been taken yet. */
  abort(error: unknown): void {
    this.source.onEnd(true);
    this.finish(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @param holder an object that is kept in memory as long as this reader waits */
  next(holder?: unknown): Promise<IteratorResult<R>> {
    if (this.#isTurnOver || this.#later > 0) {
      return this.#nextTurn().then(() => this.#take(holder));
    }
    return this.#take(holder);
  }

  /** Resolves to all items that are there, up to a limit, or to the next one; otherwise it is like `next()`. */
  [nextBatch](holder?: unknown): Promise<IteratorResult<R[], undefined>> {
    if (this.#isTurnOver || this.#later > 0) {
      return this.#nextTurn().then(() => this.#takeBatch(holder));
    }
    return this.#takeBatch(holder);
  }

  async #nextTurn(): Promise<void> {
    this.#later++;
    await this.#turn.next();
    this.#later--;
    this.#isTurnOver = false;
  }

  #take(holder: unknown): Promise<IteratorResult<R>> {
    try {
      const taken = this.source.take();
      if (taken !== nothing) {
        this.#isTurnOver = this.#turn.spend(0);
        // Here a settled promise is faster than one that is resolved later.
        return taken instanceof Promise ? taken.then(resultOf<R>) : Promise.resolve({ done: false, value: taken });
      }
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#wait<R>(false, holder);
  }

  #takeBatch(holder: unknown): Promise<IteratorResult<R[], undefined>> {
    try {
      const taken = this.#batch();
      if (taken !== nothing) {
        this.#isTurnOver = this.#turn.spend(0, taken instanceof Promise ? 1 : taken.length);
        return taken instanceof Promise ? taken.then(resultOf<R[]>) : Promise.resolve({ done: false, value: taken });
      }
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#wait<R[]>(true, holder);
  }

  #batch(): R[] | Promise<R[]> | typeof nothing {
    const { source } = this;
    if (source.takeBatch !== undefined) {
      return source.takeBatch();
    }
    const taken = source.take();
    return taken === nothing ? nothing : taken instanceof Promise ? taken.then((item) => [item]) : [taken];
  }

  #wait<T>(isBatch: boolean, holder: unknown): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject, isBatch, holder } as Reader<unknown>;
      if (this.#end !== undefined) {
        this.#tellEnd(reader, this.#end.error);
      } else {
        this.#readers.push(reader);
        this.source.onWait();
      }
    });
  }

  async return(value?: unknown): Promise<IteratorResult<R>> {
    this.abort(undefined);
    this.source.onReturn();
    return { done: true, value };
  }

  #give(taken: unknown, { resolve, reject }: Reader<unknown>): void {
    if (taken instanceof Promise) {
      taken.then((value) => resolve({ done: false, value }), reject);
    } else {
      resolve({ done: false, value: taken });
    }
  }

  #tellEnd({ resolve, reject }: Reader<unknown>, error: unknown): void {
    if (error === undefined) {
      resolve({ done: true, value: undefined });
    } else {
      reject(error);
    }
  }
}

function resultOf<R>(value: R): IteratorResult<R, undefined> {
  return { done: false, value };
}

interface Reader<R> {
  readonly resolve: (result: IteratorResult<R>) => void;
  readonly reject: (error: unknown) => void;
  /** Whether it takes all that arrives together. */
  readonly isBatch: boolean;
  readonly holder: unknown;
}
