import { type ConnectError, createContextKey } from "@connectrpc/connect";

/** Wants to know of a call's attempts after the first, which begins with the call. */
export interface AttemptObserver {
  /** The attempt has failed, and there will be another. */
  onFailed(error: ConnectError): void;
  /** It begins. */
  onAgain(): void;
}

/** Put there by an interceptor outside `retry()`, which tells it. */
export const attemptsKey = createContextKey<AttemptObserver | undefined>(undefined, { description: "attempts" });
