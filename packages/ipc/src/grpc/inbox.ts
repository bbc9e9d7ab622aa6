/**
 * What has come and waits to be taken, as an async iterator. The one who fills it never waits; instead it is told what has been
 * taken, so that the sender can be allowed as much more: a reader that stops stops the writer.
 */
export class Inbox<T, R> implements AsyncIterableIterator<R> {
  #items: T[] = [];
  #at = 0;
  #end: { readonly error: unknown } | undefined;
  /** Readers that are there before what they want, in order. */
  readonly #readers: Reader<R>[] = [];

  constructor(
    /** Makes of an item what the reader gets. What it throws ends the reader's loop. */
    private readonly open: (item: T) => R | Promise<R>,
    /** This has been taken. */
    private readonly credit: (item: T) => void,
    /** The reader takes no more. */
    private readonly onReturn: () => void,
  ) {}

  /** Whether what is put next is opened at once. */
  get isAwaited(): boolean {
    return this.#readers.length > 0;
  }

  put(item: T): void {
    if (this.#end !== undefined) {
      return;
    }
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#items.push(item);
    } else {
      this.#give(item, reader);
    }
  }

  /** Nothing more will come; with an error, unless it is undefined. Once only: what is said later is ignored. */
  finish(error?: unknown): void {
    if (this.#end === undefined) {
      this.#end = { error };
      for (const reader of this.#readers.splice(0)) {
        this.#tellEnd(reader, error);
      }
    }
  }

  /** Like `finish()`, and what has not been taken yet is thrown away. */
  abort(error: unknown): void {
    this.#items = [];
    this.#at = 0;
    this.finish(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @param holder - kept in memory for as long as this reader waits */
  next(holder?: unknown): Promise<IteratorResult<R>> {
    if (this.#at < this.#items.length) {
      return this.#opened(this.#shift());
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject, holder };
      if (this.#end !== undefined) {
        this.#tellEnd(reader, this.#end.error);
      } else {
        this.#readers.push(reader);
      }
    });
  }

  async return(value?: unknown): Promise<IteratorResult<R>> {
    this.abort(undefined);
    this.onReturn();
    return { done: true, value };
  }

  #shift(): T {
    const item = this.#items[this.#at++] as T;
    if (this.#at === this.#items.length) {
      this.#items = [];
      this.#at = 0;
    }
    return item;
  }

  /** For a reader that has not had to wait: a promise that is settled at once costs less than one that is made to wait. */
  #opened(item: T): Promise<IteratorResult<R>> {
    try {
      this.credit(item);
      const value = this.open(item);
      return value instanceof Promise ? value.then(resultOf<R>) : Promise.resolve({ done: false, value });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #give(item: T, { resolve, reject }: Reader<R>): void {
    try {
      this.credit(item);
      const opened = this.open(item);
      if (opened instanceof Promise) {
        opened.then((value) => resolve({ done: false, value }), reject);
      } else {
        resolve({ done: false, value: opened });
      }
    } catch (error) {
      reject(error);
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
