import { Code, ConnectError } from "@connectrpc/connect";

/** What was thrown as a ConnectError, whatever it is: things that cannot be looked at are not looked at any further. */
export function errorFrom(reason: unknown, code: Code): ConnectError {
  try {
    return ConnectError.from(reason, code);
  } catch {
    return new ConnectError("the reason cannot be shown as text", code);
  }
}

/** A signal that follows others, aborted with a ConnectError whatever they are aborted with. */
export interface Linked {
  readonly signal: AbortSignal;
  /** Aborts it. */
  abort(reason: unknown): void;
  /** Follows no more. */
  release(): void;
}

/** Connect makes a text of the reason of a signal within the listener, where what it throws would end the process. */
export function linked(followed: AbortSignal | undefined): Linked {
  const controller = new AbortController();
  const abort = (reason: unknown) => controller.abort(errorFrom(reason, Code.Canceled));
  const follow = () => abort(followed?.reason);
  if (followed?.aborted) {
    follow();
  } else {
    followed?.addEventListener("abort", follow, { once: true });
  }
  return {
    signal: controller.signal,
    abort,
    release: () => followed?.removeEventListener("abort", follow),
  };
}

/**
 * The same values from a source that may do what it likes: one that is no iterable, or whose iterator throws where it should
 * reject, gives no promises, or has no `throw()`. Connect calls all of these where nothing catches what they throw.
 *
 * @param onThrown is told of each error that the source's `next()` ends with
 * @throws {ConnectError} Internal for what is no iterable.
 */
export function wellBehaved<T>(
  source: AsyncIterable<T>,
  onThrown: (error: ConnectError) => void = () => {},
): AsyncIterable<T> {
  const iterator = iteratorOf(source);
  const same: AsyncIterableIterator<T> = {
    async next() {
      try {
        const { done, value } = await iterator.next();
        return done ? { done, value } : { done: false, value };
      } catch (reason) {
        const error = errorFrom(reason, Code.Internal);
        onThrown(error);
        throw error;
      }
    },
    async throw(reason) {
      if (typeof iterator.throw === "function") {
        return iterator.throw(reason);
      }
      await iterator.return?.();
      throw reason;
    },
    async return(value) {
      await iterator.return?.();
      return { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  // Connect asks for the iterator more than once, and means the same each time.
  return { [Symbol.asyncIterator]: () => same };
}

function iteratorOf<T>(source: AsyncIterable<T>): AsyncIterator<T> {
  try {
    return source[Symbol.asyncIterator]();
  } catch (error) {
    throw new ConnectError("the requests are no async iterable", Code.Internal, undefined, undefined, error);
  }
}
