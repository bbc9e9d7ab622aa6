import { Code, type ConnectError } from "@connectrpc/connect";
import { conforming } from "../../../user-code/iterators.js";
import { allowManyListeners } from "../../../user-code/shared-signal.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";

/** A signal that follows another one and is always aborted with a ConnectError. */
export interface Linked {
  readonly signal: AbortSignal;
  /** Aborts the signal. */
  abort(reason: unknown): void;
  /** Stops following. */
  release(): void;
}

/**
 * Creates a signal that follows another one. Connect converts the reason of an abort to a string in a listener, where
 * an exception of that conversion would end the process.
 */
export function linked(followed: AbortSignal | undefined): Linked {
  const controller = new AbortController();
  const abort = (reason: unknown) => controller.abort(connectErrorFrom(reason, Code.Canceled));
  const follow = () => abort(followed?.reason);
  if (followed?.aborted) {
    follow();
  } else if (followed !== undefined) {
    allowManyListeners(followed);
    followed.addEventListener("abort", follow, { once: true });
  }
  return {
    signal: controller.signal,
    abort,
    release: () => followed?.removeEventListener("abort", follow),
  };
}

/**
 * Returns the same messages from an iterator that conforms to the protocol and fails only with a ConnectError. Connect
 * converts other errors to a string where an exception would end the process.
 *
 * @param onThrown is called with each error that the messages end with
 * @throws {TypeError} for a value that is not an async iterable.
 */
export function withConnectErrors<T>(
  messages: AsyncIterable<T>,
  onThrown: (error: ConnectError) => void = () => {},
): AsyncIterable<T> {
  const iterator = conforming(messages)[Symbol.asyncIterator]();
  const same: AsyncIterableIterator<T> = {
    ...iterator,
    async next() {
      try {
        const { done, value } = await iterator.next();
        return done ? { done, value } : { done: false, value };
      } catch (reason) {
        const error = connectErrorFrom(reason, Code.Internal);
        onThrown(error);
        throw error;
      }
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  // Connect requests the iterator more than once and expects the same each time.
  return { [Symbol.asyncIterator]: () => same };
}
