import { guarded } from "./thrown.js";

/**
 * Async iterators as others make them: `return()` and `throw()` may throw, give no promise, or one that never settles; `next()` may
 * resolve to what is no result. Whoever holds one lets go of it here, so that this is nobody else's trouble.
 */

/** Of a call's messages. @throws {TypeError} for what has none. */
export function iteratorOf<T>(messages: AsyncIterable<T>): AsyncIterator<T> {
  assertAsyncIterable(messages);
  const iterator: unknown = messages[Symbol.asyncIterator]();
  if (!isObject(iterator)) {
    throw new TypeError(`an async iterable gave ${typeOf(iterator)} instead of an iterator`);
  }
  return iterator as unknown as AsyncIterator<T>;
}

/** Refuses what a program without types may give in the place of messages. @throws {TypeError} */
export function assertAsyncIterable(messages: AsyncIterable<unknown> | undefined | null): void {
  if (typeof messages?.[Symbol.asyncIterator] !== "function") {
    guarded(() => messages, nobodyToTell); // a promise, perhaps, that nobody else waits for
    throw new TypeError(`messages must be an async iterable, such as an async generator, not ${typeOf(messages)}`);
  }
}

/**
 * The same messages, from an iterator that keeps to the rules whatever the one within does: for code that trusts it, as Connect's
 * does, which also asks for the iterator a second time to let go of it. That takes no time.
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
      guarded(() => iterator?.throw?.(error), nobodyToTell);
      return { done: true, value: undefined };
    },
  };
}

/** What `next()` has resolved to. @throws {TypeError} if that is no result: read as one it would be messages without end. */
export function checkedResult<T>(result: IteratorResult<T>): IteratorResult<T> {
  if (!isObject(result)) {
    throw new TypeError(`next() of an async iterator gave ${typeOf(result)} instead of a result`);
  }
  return result;
}

/** Tells an iterator that nobody reads on, and why if it was for an error. It is not waited for: a generator that hangs never answers. */
export function closeIterator(iterator: AsyncIterator<unknown> | undefined, error?: unknown): void {
  if (error !== undefined) {
    guarded(() => iterator?.throw?.(error), nobodyToTell);
  }
  guarded(() => iterator?.return?.(), nobodyToTell);
}

/** The iterator has been told; what becomes of that is its own business. */
function nobodyToTell(): void {}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function typeOf(value: unknown): string {
  if (value === null || Array.isArray(value)) {
    return value === null ? "null" : "an array";
  }
  const type = typeof value;
  return type === "undefined" ? type : `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}
