import { Code, ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";

/** Watches one call. */
export interface CallObserver {
  /** Each request message, as it is sent or taken. */
  onRequest?(message: object): void;
  /** Each response message. */
  onResponse?(message: object): void;
  /** The call is over: successfully, or with this error. Once. */
  onEnd(error: ConnectError | undefined): void;
  /** Runs what belongs to the call: whatever is further in, and each step of a stream of responses. */
  run?<T>(step: () => T): T;
}

export type AnyRequest = UnaryRequest | StreamRequest;
type Next = Parameters<Interceptor>[0];
type AnyResponse = Awaited<ReturnType<Next>>;

/**
 * Makes a call, and tells an observer of it, whatever kind of call it is and however it ends: also when its signal is aborted
 * and nobody further in cares.
 *
 * @param accident the code of what was thrown that is no ConnectError
 */
export async function observed(
  next: Next,
  req: AnyRequest,
  accident: Code,
  observer: CallObserver,
): Promise<AnyResponse> {
  const { signal } = req;
  const run = observer.run ?? direct;
  let isOver = false;
  const end = (error: ConnectError | undefined) => {
    if (!isOver) {
      isOver = true;
      signal.removeEventListener("abort", onAbort);
      observer.onEnd(error);
    }
  };
  const fail = (reason: unknown) => end(errorFor(reason, signal, accident));
  const onAbort = () => fail(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    if (!req.stream) {
      observer.onRequest?.(req.message);
    }
    const res = await run(() => next(withRequests(req, observer)));
    if (!res.stream) {
      observer.onResponse?.(res.message);
      end(undefined);
      return res;
    }
    return { ...res, message: responses(res.message, run, observer, end, fail) };
  } catch (error) {
    fail(error);
    throw error;
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
    onMessage(message);
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
  const iterator = messages[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = await run(() => iterator.next());
        if (result.done) {
          end(undefined);
        } else {
          onResponse?.(result.value);
        }
        return result;
      } catch (error) {
        fail(error);
        throw error;
      }
    },
    async return(value?: unknown) {
      fail(new ConnectError("nobody reads the responses any more", Code.Canceled));
      await run(() => iterator.return?.());
      return { done: true, value };
    },
  };
}

/** The error that the caller sees for what a call ended with. */
function errorFor(reason: unknown, signal: AbortSignal, accident: Code): ConnectError {
  if (reason instanceof ConnectError) {
    return reason;
  }
  const isTold =
    signal.aborted && (reason === signal.reason || (reason instanceof Error && reason.name === "AbortError"));
  return isTold
    ? ConnectError.from(signal.reason, Code.Canceled)
    : new ConnectError(
        reason instanceof Error ? reason.message : String(reason),
        accident,
        undefined,
        undefined,
        reason,
      );
}
