import { type ConnectError, createContextKey } from "@connectrpc/connect";

/**
 * Is told what `retry()` and the engine know of a call and an interceptor outside of them cannot see. On a server a
 * call has one attempt, and the engine alone tells.
 */
export interface AttemptObserver {
  /**
   * Set by an engine that reports the sizes of a unary call's messages, before it reports any. Where it is not set, as
   * for streams, an observer determines the sizes itself.
   */
  isMeasured: boolean;
  /** Called by the engine when it has serialized a message, with its size before compression, in bytes. */
  onSent(bytes: number): void;
  /** Called by the engine when it has parsed a message, with its uncompressed size, in bytes. */
  onReceived(bytes: number): void;
  /** Called by the engine of a server that measures, once, when the call has ended and nothing more is sent. */
  onOver(): void;
  /** Called by `retry()` when an attempt has failed and another one will follow. */
  onFailed(error: ConnectError): void;
  /** Called by `retry()` when another attempt begins. */
  onAgain(): void;
}

/** The context value in which an interceptor outside of `retry()` passes an observer of attempts inwards. */
export const attemptsKey = createContextKey<AttemptObserver | undefined>(undefined, { description: "attempts" });

/**
 * The same on a server. It is a key of its own, since a handler may pass its context values on to the calls that it
 * makes.
 */
export const serverAttemptKey = createContextKey<AttemptObserver | undefined>(undefined, {
  description: "the attempt",
});
