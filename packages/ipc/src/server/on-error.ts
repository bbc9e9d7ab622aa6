import type { DescMethod } from "@bufbuild/protobuf";

/** Where a handler's unexpected error happened. */
export interface ErrorContext {
  /** The method, as `package.Service/Method`; or what else failed: `authorize`, `serve`, `serveCluster`, `HTTP/1.1`. */
  readonly method: string;
}

/** Called with what a handler or an interceptor threw that is no ConnectError. */
export type OnError = (error: unknown, context: ErrorContext) => void;

/** What happens where nobody says otherwise: it is written to standard error. */
export const logError: OnError = (error, { method }) => {
  console.error(`@vyra/ipc: the handler of ${method} failed:`, error);
};

/** An `onError` that cannot make matters worse by throwing itself. */
export function safely(onError: OnError): OnError {
  return (error, context) => {
    try {
      onError(error, context);
    } catch (second) {
      logError(error, context);
      console.error("@vyra/ipc: and onError failed, too:", second);
    }
  };
}

/** A method as an error's context names it. */
export function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}
