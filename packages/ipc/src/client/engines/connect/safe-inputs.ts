import { Code, type ConnectError } from "@connectrpc/connect";
import { conforming } from "../../../user-code/iterators.js";
import { allowManyListeners } from "../../../user-code/shared-signal.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";

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
 * The same messages from an iterator that keeps to the rules, and fails with nothing but a ConnectError: Connect makes a text of what
 * else it is, where what that throws would end the process.
 *
 * @param onThrown is told of each error that the messages end with
 * @throws {TypeError} for what is no iterable.
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
  // Connect asks for the iterator more than once, and means the same each time.
  return { [Symbol.asyncIterator]: () => same };
}
