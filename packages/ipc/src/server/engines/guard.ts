import { Code, ConnectError, type Interceptor, type StreamResponse, type UnaryResponse } from "@connectrpc/connect";
import { abortableIterable, orAborted } from "../../time/abortable.js";
import { allowManyListeners } from "../../user-code/shared-signal.js";
import { connectErrorFrom, isAbortError, isInstance, isValidConnectError } from "../../user-code/thrown.js";
import { refusalOf } from "../caller.js";
import { nameOf, type OnError } from "../on-error.js";

/**
 * The interceptor around all others on a server. It promises that a peer that may not call is refused, and that every call is answered: at its deadline, when its caller
 * has gone and when the server shuts down, whatever the handler does then; and that what a handler throws by accident
 * reaches `onError` whole, and the caller as Internal without a word of it.
 */
export function guard(onError: OnError): Interceptor {
  return (next) => async (req) => {
    const report = (error: unknown) => {
      if (!isExpected(error, req.signal)) {
        onError(error, { method: nameOf(req.method) });
      }
    };
    allowManyListeners(req.signal); // a handler may pass it to many calls of its own
    try {
      const refusal = refusalOf(req.contextValues);
      if (refusal !== undefined) {
        throw refusal;
      }
      const res = await orAborted<UnaryResponse | StreamResponse>(next(req), req.signal, report);
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

/** The error that the caller gets for what the call ended with. */
function reportedError(error: unknown, signal: AbortSignal, report: (error: unknown) => void): ConnectError {
  if (!isExpected(error, signal)) {
    report(error);
  }
  return errorForCaller(error, signal);
}

/** The same without telling anybody: what was meant for the caller as it is, an accident as Internal without a word of it. */
export function errorForCaller(
  error: unknown,
  signal: { readonly aborted: boolean; readonly reason: unknown },
): ConnectError {
  if (isInstance(error, ConnectError)) {
    return connectErrorFrom(error);
  }
  return isExpected(error, signal) ? connectErrorFrom(signal.reason, Code.Canceled) : internalError(error);
}

/** Whether a handler meant what it threw (a `ConnectError` whose code is none of gRPC's cannot be meant), or ended as told: with the signal's reason, or with what Node.js makes of it. */
export function isExpected(error: unknown, signal: { readonly aborted: boolean; readonly reason: unknown }): boolean {
  return isValidConnectError(error) || (signal.aborted && (error === signal.reason || isAbortError(error)));
}

/** What the caller gets for an accident: not a word of what has happened. */
export function internalError(cause: unknown): ConnectError {
  return new ConnectError("internal error", Code.Internal, undefined, undefined, cause);
}
