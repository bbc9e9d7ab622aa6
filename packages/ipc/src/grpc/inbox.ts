/**
 * What has come and waits to be taken, as an async iterator. The one who fills it never waits; instead it is told how many bytes
 * have been taken, so that the sender can be allowed as many more: a reader that stops stops the writer.
 */
export class Inbox<T, R> implements AsyncIterableIterator<R> {
  #items: { readonly item: T; readonly bytes: number }[] = [];
  #at = 0;
  #end: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(
    /** Makes of an item what the reader gets. What it throws ends the reader's loop. */
    private readonly open: (item: T) => R | Promise<R>,
    /** So many bytes have been taken. */
    private readonly credit: (bytes: number) => void,
    /** The reader takes no more. */
    private readonly onReturn: () => void,
  ) {}

  put(item: T, bytes: number): void {
    if (this.#end === undefined) {
      this.#items.push({ item, bytes });
      this.#ring();
    }
  }

  /** Nothing more will come; with an error, unless it is undefined. Once only: what is said later is ignored. */
  finish(error?: unknown): void {
    if (this.#end === undefined) {
      this.#end = { error };
      this.#ring();
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

  async next(): Promise<IteratorResult<R>> {
    while (this.#at === this.#items.length) {
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) {
          throw this.#end.error;
        }
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const { item, bytes } = this.#items[this.#at++] as { item: T; bytes: number };
    if (this.#at === this.#items.length) {
      this.#items = [];
      this.#at = 0;
    }
    this.credit(bytes);
    const opened = this.open(item);
    return { done: false, value: opened instanceof Promise ? await opened : opened };
  }

  async return(value?: unknown): Promise<IteratorResult<R>> {
    this.abort(undefined);
    this.onReturn();
    return { done: true, value };
  }

  #ring(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
