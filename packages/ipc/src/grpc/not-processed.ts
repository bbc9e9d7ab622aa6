import { ConnectError } from "@connectrpc/connect";
import { causesOf, hasCode } from "../user-code/thrown.js";

/**
 * Is the cause of a call's error if the call certainly did not reach a handler, so that it is safe to repeat it: the
 * connection could not be made, the server refused the stream (REFUSED_STREAM, RFC 9113 §8.7), or it announced in a
 * GOAWAY that it will not process the stream (§6.8). The `cause` of this error is what happened.
 */
export class NotProcessedError extends Error {
  override readonly name = "NotProcessedError";
  /** The code of this class of errors; docs/reference/errors.md lists all codes. */
  readonly code = "VYRA_IPC_NOT_PROCESSED";
}

const notProcessedCode: NotProcessedError["code"] = "VYRA_IPC_NOT_PROCESSED";

/**
 * Tells whether a call's error, or one of its causes, is a `NotProcessedError`. It recognizes those of other copies of
 * this package as well.
 */
export function wasNotProcessed(error: unknown): boolean {
  for (const cause of causesOf(error)) {
    if (hasCode(cause, notProcessedCode)) {
      return true;
    }
  }
  return false;
}

/** Creates the error of a call that did not reach a handler, with a `NotProcessedError` as its cause. */
export function notProcessed(message: string, code: ConnectError["code"], cause: unknown): ConnectError {
  const reason = new NotProcessedError(message, { cause });
  return new ConnectError(message, code, undefined, undefined, reason);
}
