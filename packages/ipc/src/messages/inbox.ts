import { Turn, taking } from "./turns.js";

/** What an inbox is filled from. */
export interface InboxSource<R> {
  /** The next that has come; `nothing` if there is none. What it throws, or its promise, ends the reader's loop. */
  take(): R | Promise<R> | typeof nothing;
  /** A reader waits for what is to come. */
  onWait(): void;
  /** Nothing more will come: what is there is still taken, but for what is not whole; with `isDropped`, that is not taken either. */
  onEnd(isDropped: boolean): void;
  /** The reader takes no more. */
  onReturn(): void;
}

export const nothing = Symbol("nothing");

/**
 * What has come and waits to be taken, as an async iterator. The one who fills it never waits; a reader that stops is to stop the
 * writer, by what the source then does not take.
 */
export class Inbox<R> implements AsyncIterableIterator<R> {
  #end: { readonly error: unknown } | undefined;
  /** Readers that are there before what they want, in order. */
  readonly #readers: Reader<R>[] = [];
  readonly #turn = new Turn(taking);
  #isTurnOver = false;
  /** Readers that take what there is in the next turn of the event loop, so that all that has come is not taken in one. */
  #later = 0;

  constructor(private readonly source: InboxSource<R>) {}

  /** Whether a reader waits. Then the source has nothing. */
  get isAwaited(): boolean {
    return this.#readers.length > 0;
  }

  /** Nothing that comes will be taken any more. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Something has come: for the reader that waits, if there is one. */
  arrived(): void {
    const reader = this.#readers.shift();
    if (reader === undefined) {
      return;
    }
    try {
      this.#give(this.source.take() as R | Promise<R>, reader);
    } catch (error) {
      reader.reject(error);
    }
  }

  /** Nothing more will come; with an error, unless it is undefined. Once only: what is said later is ignored. */
  finish(error?: unknown): void {
    if (this.#end === undefined) {
      this.#end = { error };
      this.source.onEnd(false);
      for (const reader of this.#readers.splice(0)) {
        this.#tellEnd(reader, error);
      }
    }
  }

  /** Like `finish()`, and what has not been taken yet is thrown away. */
  abort(error: unknown): void {
    this.source.onEnd(true);
    this.finish(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @param holder - kept in memory for as long as this reader waits */
  next(holder?: unknown): Promise<IteratorResult<R>> {
    return this.#isTurnOver || this.#later > 0 ? this.#takeLater(holder) : this.#take(holder);
  }

  async #takeLater(holder: unknown): Promise<IteratorResult<R>> {
    this.#later++;
    await this.#turn.next();
    this.#later--;
    this.#isTurnOver = false;
    return this.#take(holder);
  }

  #take(holder: unknown): Promise<IteratorResult<R>> {
    try {
      const taken = this.source.take();
      if (taken !== nothing) {
        this.#isTurnOver = this.#turn.spend(0);
        // A promise that is settled at once costs less than one that is made to wait.
        return taken instanceof Promise ? taken.then(resultOf<R>) : Promise.resolve({ done: false, value: taken });
      }
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject, holder };
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

  #give(taken: R | Promise<R>, { resolve, reject }: Reader<R>): void {
    if (taken instanceof Promise) {
      taken.then((value) => resolve({ done: false, value }), reject);
    } else {
      resolve({ done: false, value: taken });
    }
  }

  #tellEnd({ resolve, reject }: Reader<R>, error: unknown): void {
    if (error === undefined) {
      resolve({ done: true, value: undefined });
    } else {
      reject(error);
    }
  }
}

function resultOf<R>(value: R): IteratorResult<R> {
  return { done: false, value };
}

interface Reader<R> {
  readonly resolve: (result: IteratorResult<R>) => void;
  readonly reject: (error: unknown) => void;
  readonly holder: unknown;
}
