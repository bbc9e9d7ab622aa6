import { ConnectError } from "@connectrpc/connect";
import { causesOf, isInstance } from "../user-code/thrown.js";

/**
 * The cause of an error of a call that provably never reached a handler, so that it is safe to repeat: the connection
 * could not be made, the server refused the stream (RFC 9113 §8.7, REFUSED_STREAM), or it said in a GOAWAY that it would
 * not look at it (§6.8). Its own cause is what happened.
 */
export class NotProcessedError extends Error {
  override readonly name = "NotProcessedError";
}

/** Whether the error says that its call was never processed: it is a `NotProcessedError`, or has one among its causes. */
export function wasNotProcessed(error: unknown): boolean {
  for (const cause of causesOf(error)) {
    if (isInstance(cause, NotProcessedError)) {
      return true;
    }
  }
  return false;
}

/** An error of a call that never reached a handler. */
export function notProcessed(message: string, code: ConnectError["code"], cause: unknown): ConnectError {
  const reason = new NotProcessedError(message, { cause });
  return new ConnectError(message, code, undefined, undefined, reason);
}
