import { Code, ConnectError, type Interceptor, type StreamResponse, type UnaryResponse } from "@connectrpc/connect";
import { methodName } from "../../grpc/index.js";
import { withGuardedSignal } from "../../interceptors/request.js";
import { abortableIterable, orAborted } from "../../time/abortable.js";
import { connectErrorFrom, isAbortError, isInstance, isValidConnectError } from "../../user-code/thrown.js";
import { refusalOf } from "../caller.js";
import type { OnError } from "../on-error.js";

/**
 * Creates the interceptor around all others on a server. It refuses the calls of unauthorized peers. It ensures that
 * every call is answered at its deadline, when its caller is gone and when the server shuts down, whatever the handler
 * does then. And it passes unexpected errors of a handler to `onError`, and to the caller only Internal without their
 * text.
 */
export function guard(onError: OnError): Interceptor {
  return (next) => async (req) => {
    const report = (error: unknown) => {
      if (!isExpected(error, req.signal)) {
        onError(error, { method: methodName(req.method) });
      }
    };
    const onListenerError = (error: unknown) => onError(error, { method: methodName(req.method) });
    const inner = withGuardedSignal(req, req.contextValues, onListenerError);
    try {
      const refusal = refusalOf(req.contextValues);
      if (refusal !== undefined) {
        throw refusal;
      }
      const res = await orAborted<UnaryResponse | StreamResponse>(next(inner), req.signal, report);
      return res.stream ? { ...res, message: guarded(res.message, req.signal, report) } : res;
    } catch (error) {
      throw reportedError(error, req.signal, report);
    }
  };
}

async function* guarded<T>(
  messages: AsyncIterable<T>,
  signal: AbortSignal,
  report: (error: unknown) => void,
): AsyncIterable<T> {
  try {
    yield* abortableIterable(messages, signal, report);
  } catch (error) {
    throw reportedError(error, signal, report);
  }
}

/** Reports an error, unless it is expected, and returns the one that the caller gets. */
function reportedError(error: unknown, signal: AbortSignal, report: (error: unknown) => void): ConnectError {
  if (!isExpected(error, signal)) {
    report(error);
  }
  return errorForCaller(error, signal);
}

/** Returns the error that the caller gets: an expected one as it is, an unexpected one as Internal without its text. */
export function errorForCaller(
  error: unknown,
  signal: { readonly aborted: boolean; readonly reason: unknown },
): ConnectError {
  if (isInstance(error, ConnectError)) {
    return connectErrorFrom(error);
  }
  return isExpected(error, signal) ? connectErrorFrom(signal.reason, Code.Canceled) : internalError(error);
}

/**
 * Tells whether an error is expected: a valid `ConnectError` (its code must be one of gRPC's), or, after an abort, the
 * signal's reason or the AbortError that Node.js makes of it.
 */
export function isExpected(error: unknown, signal: { readonly aborted: boolean; readonly reason: unknown }): boolean {
  return isValidConnectError(error) || (signal.aborted && (error === signal.reason || isAbortError(error)));
}

/** Creates the error that the caller gets for an unexpected error, without its text. */
export function internalError(cause: unknown): ConnectError {
  return new ConnectError("internal error", Code.Internal, undefined, undefined, cause);
}
