import { guarded } from "./thrown.js";

/**
 * Functions for async iterators that others have created. `return()` and `throw()` of those may throw, not return a
 * promise, or return one that never settles; `next()` may resolve to something that is not a result. Code that holds
 * such an iterator uses these functions, so that its faults affect nothing else.
 */

/** Returns the iterator of a call's messages. @throws {TypeError} for a value that is not an async iterable. */
export function iteratorOf<T>(messages: AsyncIterable<T>): AsyncIterator<T> {
  assertAsyncIterable(messages);
  const iterator: unknown = messages[Symbol.asyncIterator]();
  if (!isObject(iterator)) {
    throw new TypeError(`an async iterable returned ${typeOf(iterator)} instead of an iterator`);
  }
  return iterator as unknown as AsyncIterator<T>;
}

/** Refuses a value that is not an async iterable, as a program without types may pass. @throws {TypeError} */
export function assertAsyncIterable(messages: AsyncIterable<unknown> | undefined | null): void {
  if (typeof messages?.[Symbol.asyncIterator] !== "function") {
    guarded(() => messages, ignoreError); // a promise, perhaps, whose rejection nobody else would handle
    throw new TypeError(`messages must be an async iterable, such as an async generator, not ${typeOf(messages)}`);
  }
}

/**
 * Returns the same messages from an iterator that conforms to the protocol whatever the original one does. It is for
 * code that relies on that, such as Connect's, which also requests the iterator a second time to close it. Requesting
 * it takes no time.
 */
export function conforming<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
  assertAsyncIterable(messages);
  let only: AsyncIterator<T> | undefined;
  return {
    [Symbol.asyncIterator]() {
      only ??= conformingIterator(messages);
      return only;
    },
  };
}

function conformingIterator<T>(messages: AsyncIterable<T>): AsyncIterator<T> {
  let iterator: AsyncIterator<T> | undefined;
  return {
    async next() {
      iterator ??= iteratorOf(messages);
      return checkedResult(await iterator.next());
    },
    async return(value?: unknown) {
      closeIterator(iterator);
      return { done: true, value };
    },
    async throw(error?: unknown) {
      guarded(() => iterator?.throw?.(error), ignoreError);
      return { done: true, value: undefined };
    },
  };
}

/**
 * Checks what `next()` has resolved to. @throws {TypeError} for a value that is not an object; taken as a result, it
 * would mean messages without end.
 */
export function checkedResult<T>(result: IteratorResult<T>): IteratorResult<T> {
  if (!isObject(result)) {
    throw new TypeError(`next() of an async iterator returned ${typeOf(result)} instead of a result`);
  }
  return result;
}

/**
 * Closes an iterator that nobody reads any more, after passing it the error, if there is one. Does not wait for the
 * iterator, since a generator that hangs never answers.
 */
export function closeIterator(iterator: AsyncIterator<unknown> | undefined, error?: unknown): void {
  if (error !== undefined) {
    guarded(() => iterator?.throw?.(error), ignoreError);
  }
  guarded(() => iterator?.return?.(), ignoreError);
}

/** Ignores an error of an iterator that has been closed. */
function ignoreError(): void {}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Names the type of a value in a sentence. */
export function typeOf(value: unknown): string {
  if (value === null || Array.isArray(value)) {
    return value === null ? "null" : "an array";
  }
  const type = typeof value;
  return type === "undefined" ? type : `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}
