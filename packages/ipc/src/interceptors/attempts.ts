import { type ConnectError, createContextKey } from "@connectrpc/connect";

/** Is told of the attempts of a call after the first one, which begins with the call. */
export interface AttemptObserver {
  /** Called when an attempt has failed and another one will follow. */
  onFailed(error: ConnectError): void;
  /** Called when another attempt begins. */
  onAgain(): void;
}

/** The context value in which an interceptor outside of `retry()` passes it an observer of attempts. */
export const attemptsKey = createContextKey<AttemptObserver | undefined>(undefined, { description: "attempts" });
