/**
 * How many bytes may wait for the reader before the server has to wait as well: as many as one read of a socket brings.
 */
const maxUnreadBytes = 64 * 1024;

type Result = IteratorResult<Uint8Array, undefined>;

/** The bytes of one response as they arrive, for one reader. */
export class ResponseBody implements AsyncIterableIterator<Uint8Array, undefined> {
  #chunks: Uint8Array[] = [];
  #unreadBytes = 0;
  #end: { readonly failed: boolean; readonly error?: unknown } | undefined;
  #reader: { resolve(result: Result): void; reject(error: unknown): void } | undefined;

  constructor(
    /** Called when the reader has caught up. */
    private readonly onCaughtUp: () => void,
    /** Called when the reader has reached the end. */
    private readonly onReadAll: () => void,
    /** Called when the reader cannot continue. */
    private readonly onThrown: (error: unknown) => void,
  ) {}

  /** Whether more bytes wait than the reader should have. */
  get isFull(): boolean {
    return this.#unreadBytes > maxUnreadBytes;
  }

  push(chunk: Uint8Array): void {
    if (this.#end === undefined) {
      this.#chunks.push(chunk);
      this.#unreadBytes += chunk.length;
      this.#deliver();
    }
  }

  /** Ends the body after what has been received. */
  end(): void {
    this.#end ??= { failed: false };
    this.#deliver();
  }

  /** Fails the body after what has been received. */
  fail(error: unknown): void {
    this.#end ??= { failed: true, error };
    this.#deliver();
  }

  /** Fails the body at once, dropping what has been received. */
  abort(error: unknown): void {
    this.#chunks = [];
    this.#end = { failed: true, error };
    this.#deliver();
  }

  next(): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#deliver();
    });
  }

  throw(error: unknown): Promise<Result> {
    this.onThrown(error);
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #deliver(): void {
    const reader = this.#reader;
    if (reader === undefined || (this.#chunks.length === 0 && this.#end === undefined)) {
      return;
    }
    this.#reader = undefined;
    const value = this.#chunks.shift();
    if (value !== undefined) {
      const wasFull = this.isFull;
      this.#unreadBytes -= value.length;
      reader.resolve({ done: false, value });
      if (wasFull && !this.isFull) {
        this.onCaughtUp();
      }
    } else if (this.#end?.failed) {
      reader.reject(this.#end.error);
    } else {
      this.onReadAll();
      reader.resolve({ done: true, value: undefined });
    }
  }
}
