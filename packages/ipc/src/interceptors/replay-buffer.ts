import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { checkedResult, iteratorOf } from "../user-code/iterators.js";

/** The estimated memory of a message object besides its content, in bytes: an empty message is not free. */
const objectBytes = 128;

/**
 * Keeps the requests of a stream, which are read once from their source, for further attempts until the call is
 * committed (gRFC A6). Each attempt gets them from the first one on. If they exceed the limit, the call is committed to
 * its current attempt.
 */
export class ReplayBuffer<T> {
  readonly #source: AsyncIterator<T>;
  #kept: T[] | undefined = [];
  #bytes = 0;
  #end: { readonly error?: unknown } | undefined;
  #reading: Promise<void> | undefined;
  /** Counts the attempts: an earlier attempt that still reads gets no more requests. */
  #generation = 0;

  constructor(
    source: AsyncIterable<T>,
    private readonly type: DescMessage,
    private readonly maxBytes: number,
  ) {
    this.#source = iteratorOf(source);
  }

  /** Tells whether some requests are no longer kept, so that no further attempt is possible. */
  get isIncomplete(): boolean {
    return this.#kept === undefined;
  }

  /** Stops keeping requests, since there will be no further attempt. */
  commit(): void {
    this.#kept = undefined;
  }

  /** Yields the requests from the first one on, for one more attempt. */
  async *replay(): AsyncIterableIterator<T> {
    const generation = ++this.#generation;
    const kept = this.#kept ?? [];
    for (let i = 0; ; i++) {
      while (i >= kept.length && this.#end === undefined) {
        if (this.#kept === undefined) {
          yield* this.#rest(kept.slice(i));
          return;
        }
        this.#reading ??= this.#readOne(kept);
        await this.#reading;
        if (generation !== this.#generation) {
          return;
        }
      }
      if (i >= kept.length) {
        if (this.#end !== undefined && "error" in this.#end) {
          throw this.#end.error;
        }
        return;
      }
      yield kept[i] as T;
    }
  }

  async *#rest(pending: T[]): AsyncIterableIterator<T> {
    yield* pending;
    yield* { [Symbol.asyncIterator]: () => this.#source };
  }

  async #readOne(kept: T[]): Promise<void> {
    try {
      const { done, value } = checkedResult(await this.#source.next());
      if (done) {
        this.#end = {};
        return;
      }
      kept.push(value);
      this.#bytes += toBinary(this.type, value as MessageShape<DescMessage>).length + objectBytes;
      if (this.#bytes > this.maxBytes) {
        this.commit();
      }
    } catch (error) {
      this.#end = { error };
    } finally {
      this.#reading = undefined;
    }
  }
}
