import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { checkedResult, iteratorOf } from "../user-code/iterators.js";

/** What an object costs beside its content: an empty message is not free. */
const objectBytes = 128;

/**
 * The requests of a stream, read once from their source and kept for further attempts until the call is committed. Each
 * attempt gets them from the first on. More than the cap is not kept: the call is then committed to the attempt it has.
 */
export class ReplayBuffer<T> {
  readonly #source: AsyncIterator<T>;
  #kept: T[] | undefined = [];
  #bytes = 0;
  #end: { readonly error?: unknown } | undefined;
  #reading: Promise<void> | undefined;
  /** Counts attempts: an earlier one that still reads gets nothing any more. */
  #generation = 0;

  constructor(
    source: AsyncIterable<T>,
    private readonly type: DescMessage,
    private readonly maxBytes: number,
  ) {
    this.#source = iteratorOf(source);
  }

  /** Whether some requests are gone, so that no further attempt can be made. */
  get isIncomplete(): boolean {
    return this.#kept === undefined;
  }

  /** Keeps no more: there will be no further attempt. */
  commit(): void {
    this.#kept = undefined;
  }

  /** The requests from the first on, for one more attempt. */
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
