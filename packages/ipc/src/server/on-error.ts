import type { DescMethod } from "@bufbuild/protobuf";
import { CallScope } from "../user-code/call-scope.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { guarded } from "../user-code/thrown.js";

/** Where a handler's unexpected error happened. */
export interface ErrorContext {
  /** The method, as `package.Service/Method`; or what else failed: `authorize`, `serve`, `serveCluster`, `HTTP/1.1`. */
  readonly method: string;
}

/** Called with what a handler or an interceptor threw that is no ConnectError. */
export type OnError = (error: unknown, context: ErrorContext) => void;

/** What happens where nobody says otherwise: it is written to standard error. */
export const logError: OnError = (error, { method }) => {
  logToStderr(`the handler of ${method} failed`, error);
};

/** An `onError` that cannot make matters worse by throwing itself, nor by a promise that is rejected. */
export function safely(onError: OnError): OnError {
  return (error, context) => {
    guarded(
      () => new CallScope().runInAsyncScope(onError, undefined, error, context),
      (second) => {
        logError(error, context);
        logToStderr("and onError failed, too", second);
      },
    );
  };
}

/** A method as an error's context names it. */
export function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}
