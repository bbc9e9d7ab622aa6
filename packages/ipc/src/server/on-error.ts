import { CallScope } from "../user-code/call-scope.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { guarded } from "../user-code/thrown.js";

/** Where an unexpected error occurred. */
export interface ErrorContext {
  /** The method, as `package.Service/Method`, or what else failed: `authorize`, `serve`, `serveCluster`, `HTTP/1.1`. */
  readonly method: string;
}

/**
 * Called with errors of handlers and interceptors that are not a ConnectError, and with errors of the server itself.
 */
export type OnError = (error: unknown, context: ErrorContext) => void;

/** The default, which writes the error to standard error. */
export const logError: OnError = (error, { method }) => {
  logToStderr(`the handler of ${method} failed`, error);
};

/** Wraps an `onError` so that its own exceptions and rejected promises are written to standard error. */
export function safely(onError: OnError): OnError {
  return (error, context) => {
    guarded(
      () => new CallScope().runInAsyncScope(onError, undefined, error, context),
      (second) => {
        logError(error, context);
        logToStderr("onError failed as well", second);
      },
    );
  };
}
