import { Code, ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { checkedResult, closeIterator, iteratorOf } from "../user-code/iterators.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { connectErrorFrom, isAbortError, isInstance } from "../user-code/thrown.js";

/** Observes one call. Errors thrown by an observer are written to standard error and fail no call. */
export interface CallObserver {
  /** Called for each request message when it is sent or received. */
  onRequest?(message: object): void;
  /** Called for each response message. */
  onResponse?(message: object): void;
  /** Called once when the call is over: without an error if it succeeded. */
  onEnd(error: ConnectError | undefined): void;
  /** Runs what belongs to the call: the inner interceptors, and each step of a stream of responses. */
  run?<T>(step: () => T): T;
}

export type AnyRequest = UnaryRequest | StreamRequest;
type Next = Parameters<Interceptor>[0];
type AnyResponse = Awaited<ReturnType<Next>>;

/**
 * Makes a call and reports it to an observer, whatever kind of call it is and however it ends, even if its signal is
 * aborted and no inner interceptor reacts.
 *
 * @param unexpectedCode the status code for thrown values that are not a ConnectError
 */
export async function observed(
  next: Next,
  req: AnyRequest,
  unexpectedCode: Code,
  observer: CallObserver,
): Promise<AnyResponse> {
  const { signal } = req;
  const run = observer.run ?? direct;
  let isOver = false;
  const end = (error: ConnectError | undefined) => {
    if (!isOver) {
      isOver = true;
      signal.removeEventListener("abort", onAbort);
      tell(() => observer.onEnd(error));
    }
  };
  const fail = (reason: unknown) => end(errorFor(reason, signal, unexpectedCode));
  const onAbort = () => fail(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    if (!req.stream) {
      tell(() => observer.onRequest?.(req.message));
    }
    const res = await run(() => next(withRequests(req, observer)));
    if (!res.stream) {
      tell(() => observer.onResponse?.(res.message));
      end(undefined);
      return res;
    }
    return { ...res, message: responses(res.message, run, observer, end, fail) };
  } catch (error) {
    fail(error);
    throw error;
  }
}

function tell(observer: () => void): void {
  try {
    observer();
  } catch (error) {
    logToStderr("an observer of calls failed", error);
  }
}

function direct<T>(step: () => T): T {
  return step();
}

function withRequests(req: AnyRequest, { onRequest }: CallObserver): AnyRequest {
  return req.stream && onRequest !== undefined ? { ...req, message: tapped(req.message, onRequest) } : req;
}

async function* tapped<T>(messages: AsyncIterable<T>, onMessage: (message: T) => void): AsyncIterable<T> {
  for await (const message of messages) {
    tell(() => onMessage(message));
    yield message;
  }
}

function responses<T extends object>(
  messages: AsyncIterable<T>,
  run: <R>(step: () => R) => R,
  { onResponse }: CallObserver,
  end: (error: ConnectError | undefined) => void,
  fail: (reason: unknown) => void,
): AsyncIterableIterator<T> {
  const iterator = iteratorOf(messages);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = checkedResult(await run(() => iterator.next()));
        if (result.done) {
          end(undefined);
        } else {
          tell(() => onResponse?.(result.value));
        }
        return result;
      } catch (error) {
        fail(error);
        throw error;
      }
    },
    async return(value?: unknown) {
      fail(new ConnectError("the responses are no longer read", Code.Canceled));
      run(() => closeIterator(iterator));
      return { done: true, value };
    },
  };
}

/** Returns the error that the caller sees for what a call ended with. */
function errorFor(reason: unknown, signal: AbortSignal, unexpectedCode: Code): ConnectError {
  const isTold = signal.aborted && (reason === signal.reason || isAbortError(reason));
  return isTold && !isInstance(reason, ConnectError)
    ? connectErrorFrom(signal.reason, Code.Canceled)
    : connectErrorFrom(reason, unexpectedCode);
}
