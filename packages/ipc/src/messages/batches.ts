import { assertNoPromise } from "../protobuf/codec.js";
import { assertAsyncIterable, checkedResult, closeIterator, iteratorOf, typeOf } from "../user-code/iterators.js";
import { sending, Turn } from "./turns.js";

/** The method of our own iterators that returns all messages that are there. */
export const nextBatch: unique symbol = Symbol("nextBatch");
/** The property of messages that `inBatches()` has created. */
const batchesOf: unique symbol = Symbol("batches");

/** An iterator that may return several messages at once. */
export interface BatchIterator<T> extends AsyncIterator<T> {
  [nextBatch]?(): Promise<IteratorResult<T[], undefined>>;
}

/**
 * Reads a stream of messages in arrays: each holds the messages that have arrived meanwhile, in order, and at least
 * one. A loop over single messages takes a promise for each; with short messages, most of its time goes to those.
 *
 * An array holds at most 1,024 messages, and no more once they have 64 KiB on the wire. A message that was compressed
 * comes in an array of its own. So does every message of a stream that is not one of this package's own: of another
 * engine, or one that an interceptor has wrapped. Backpressure, errors and the end are those of the stream: messages
 * that precede an error are returned before it is thrown. Leaving the loop closes the stream.
 *
 * @param messages the responses of a call, in a client, or the requests of a handler
 * @throws {TypeError} for a value that is not an async iterable
 */
export function batches<T>(messages: AsyncIterable<T>): AsyncIterableIterator<T[]> {
  const iterator = iteratorOf(messages);
  return {
    next: () => nextBatchOf(iterator),
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Returns the messages that are there, or the next one by itself if the iterator has only single messages. */
export function nextBatchOf<T>(iterator: BatchIterator<T>): Promise<IteratorResult<T[], undefined>> {
  return iterator[nextBatch]?.() ?? nextAlone(iterator);
}

async function nextAlone<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T[], undefined>> {
  const { done, value } = checkedResult(await iterator.next());
  return done === true ? { done, value: undefined } : { done: false, value: [value] };
}

/**
 * Returns messages to send that come in arrays: a handler returns them as its responses, and a client passes them as
 * its requests. The messages of an array are encoded and sent together, without a promise for each. To the receiver
 * they are single messages.
 *
 * The next array is requested when the messages of the one before have been sent, or wait within the limits of the
 * connection; until then the array must not change. It may be empty, and of any length. An error in the middle, such as
 * a message that is too large, ends the stream after the messages before it. An interceptor that iterates over them
 * gets single messages.
 *
 * @param arrays an async iterable of arrays of messages, such as an async generator
 * @throws {TypeError} for a value that is not an async iterable; the stream ends with a TypeError for an item that is
 *   not an array, and for a promise in an array
 */
export function inBatches<T>(arrays: AsyncIterable<readonly T[]>): AsyncIterable<T> {
  assertAsyncIterable(arrays);
  return new Batched(arrays);
}

class Batched<T> implements AsyncIterable<T> {
  readonly [batchesOf]: AsyncIterable<readonly T[]>;

  constructor(arrays: AsyncIterable<readonly T[]>) {
    this[batchesOf] = arrays;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    const arrays = iteratorOf(this[batchesOf]);
    const singles = eachOf(arrays);
    // A generator that awaits its source would not pass these on before the source answers, which may never happen.
    return {
      next: () => singles.next(),
      async return(value) {
        void singles.return(undefined);
        await arrays.return?.();
        return { done: true, value };
      },
      async throw(error) {
        void singles.return(undefined);
        await (arrays.throw?.(error) ?? arrays.return?.());
        return { done: true, value: undefined };
      },
    };
  }
}

/** Yields the messages of arrays one by one. Closes the source only if it yields something else. */
async function* eachOf<T>(arrays: AsyncIterator<readonly T[]>): AsyncGenerator<T, undefined> {
  const turn = new Turn(sending);
  for (;;) {
    const { done, value } = checkedResult(await arrays.next());
    if (done) {
      return undefined;
    }
    try {
      assertArray(value);
      for (const message of value) {
        assertNoPromise(message);
        yield message;
      }
    } catch (error) {
      closeIterator(arrays);
      ignoreRejections(value);
      throw error;
    }
    if (value.length === 0 && turn.spend(0)) {
      await turn.next(); // whoever sends the messages counts turns only as they come
    }
  }
}

/** @throws {TypeError} for a value that is not an array */
export function assertArray(batch: unknown): asserts batch is readonly unknown[] {
  if (!Array.isArray(batch)) {
    throw new TypeError(`inBatches() takes an async iterable of arrays, but it yielded ${typeOf(batch)}`);
  }
}

/**
 * Handles the rejections of promises in an array whose messages are not sent, since nobody else does. They are there by
 * mistake, as `yield rows.map(async (row) => …)` makes them.
 */
export function ignoreRejections(messages: unknown): void {
  for (const message of Array.isArray(messages) ? messages : []) {
    if (message instanceof Promise) {
      message.catch(() => {});
    }
  }
}

/** The source of messages that are to be sent: an iterator over single messages, or over arrays of them. */
export interface MessageSource {
  readonly iterator: AsyncIterator<unknown>;
  readonly isBatched: boolean;
}

/** Returns the source of messages. @throws {TypeError} for a value that is not an async iterable */
export function sourceOf(messages: AsyncIterable<unknown>): MessageSource {
  return isBatched(messages)
    ? { iterator: iteratorOf(messages[batchesOf]), isBatched: true }
    : { iterator: iteratorOf(messages), isBatched: false };
}

function isBatched(messages: unknown): messages is Batched<unknown> {
  return messages instanceof Batched;
}
