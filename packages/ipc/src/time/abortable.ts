import { checkedResult, closeIterator, iteratorOf } from "../user-code/iterators.js";

/**
 * The outcome of a promise, or the signal's reason as soon as it is aborted, whatever the promise does then: its later
 * outcome is nobody's business any more, and is passed to `late` if it is an error.
 */
export function orAborted<T>(outcome: Promise<T>, signal: AbortSignal, late?: (error: unknown) => void): Promise<T> {
  const promise = Promise.resolve(outcome); // where nobody checks types, it may be none
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

/** The same values, ending with the signal's reason as soon as it is aborted, even while the source is silent. */
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
