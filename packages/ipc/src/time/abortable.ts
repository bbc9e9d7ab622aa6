import { checkedResult, closeIterator, iteratorOf } from "../user-code/iterators.js";

/**
 * Settles like a promise, or rejects with the signal's reason as soon as it is aborted. The promise's later outcome is
 * ignored then, but an error is passed to `late`.
 */
export function orAborted<T>(outcome: Promise<T>, signal: AbortSignal, late?: (error: unknown) => void): Promise<T> {
  const promise = Promise.resolve(outcome); // Without type checks it may not be a promise.
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      promise.catch((error) => late?.(error));
      reject(signal.reason);
      return;
    }
    let isOver = false;
    const onAbort = () => {
      isOver = true;
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener("abort", onAbort);
        resolve(value);
      },
      (error) => {
        signal.removeEventListener("abort", onAbort);
        if (isOver) {
          late?.(error);
        }
        reject(error);
      },
    );
  });
}

/**
 * Yields the same values, and fails with the signal's reason as soon as it is aborted, even while the source is silent.
 */
export function abortableIterable<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
  late?: (error: unknown) => void,
): AsyncIterableIterator<T> {
  const iterator = iteratorOf(source);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        return checkedResult(await orAborted(iterator.next(), signal, late));
      } catch (error) {
        if (signal.aborted) {
          closeIterator(iterator);
        }
        throw error;
      }
    },
    async return(value?: unknown) {
      closeIterator(iterator);
      return { done: true, value };
    },
  };
}
