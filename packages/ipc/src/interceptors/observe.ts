import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Abortable } from "../time/lazy-signal.js";
import { callEnded } from "../time/signal-deadline.js";
import { checkedResult, closeIterator, iteratorOf } from "../user-code/iterators.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { connectErrorFrom, isAbortError, isInstance } from "../user-code/thrown.js";
import { type AnyRequest, abortableOf, derive } from "./request.js";

/** Observes one call. Errors thrown by an observer are written to standard error and fail no call. */
export interface CallObserver {
  /** Called for each request message when it is sent or received. */
  onRequest?(message: object): void;
  /** Called for each response message. */
  onResponse?(message: object): void;
  /** Called once when the call is over: without an error if it succeeded. */
  onEnd(error: ConnectError | undefined): void;
  /** Runs each step of a stream of responses. */
  readonly run?: (<A, T>(step: (argument: A) => T, argument: A) => T) | undefined;
}

export type Next = Parameters<Interceptor>[0];
type AnyResponse = Awaited<ReturnType<Next>>;

/**
 * Makes a call and reports it to an observer, whatever kind of call it is and however it ends, even if its signal is
 * aborted and no inner interceptor reacts.
 *
 * @param unexpectedCode the status code for thrown values that are not a ConnectError
 */
export function observed(
  next: Next,
  req: AnyRequest,
  unexpectedCode: Code,
  observer: CallObserver,
): Promise<AnyResponse> {
  const call = new ObservedCall(abortableOf(req), unexpectedCode, observer);
  if (!req.stream) {
    call.request(req.message);
    const answer = called(next, req);
    // The outer interceptors get this promise itself, so that being observed takes no promise of its own.
    answer.then(
      (res) => call.succeeded(res),
      (reason) => call.failed(reason),
    );
    return answer;
  }
  const tapped =
    observer.onRequest === undefined ? req : derive(req, { message: new TappedRequests(req.message, call) });
  return called(next, tapped).then(
    (res) => {
      if (res?.stream !== true) {
        call.succeeded(res);
        return res;
      }
      return { ...res, message: call.observedResponses(res.message) };
    },
    (reason) => {
      call.failed(reason);
      throw reason;
    },
  );
}

/** Calls the inner interceptors. They may throw before they return a promise, and return something else. */
function called(next: Next, req: AnyRequest): Promise<AnyResponse> {
  try {
    return Promise.resolve(next(req));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A call that is reported to its observer, at most once when it is over. */
class ObservedCall {
  #isOver = false;

  constructor(
    private readonly signal: Abortable,
    private readonly unexpectedCode: Code,
    readonly observer: CallObserver,
  ) {
    signal.addEventListener("abort", this);
  }

  /** Called when the signal is aborted. */
  handleEvent(): void {
    if (this.signal.reason !== callEnded()) {
      this.failed(this.signal.reason);
    } // otherwise the call has its outcome, of which the promise of the inner interceptors tells
  }

  request(message: object): void {
    try {
      this.observer.onRequest?.(message);
    } catch (error) {
      complain(error);
    }
  }

  response(message: object): void {
    try {
      this.observer.onResponse?.(message);
    } catch (error) {
      complain(error);
    }
  }

  /** Called with what the inner interceptors have returned, which may be anything if they have no types. */
  succeeded(res: AnyResponse): void {
    if (typeof res !== "object" || res === null) {
      this.failed(new ConnectError("an interceptor returned something that is not a response", Code.Internal));
      return;
    }
    try {
      this.response(res.message);
    } catch (error) {
      this.failed(error); // the message cannot be read
    }
    this.end(undefined);
  }

  observedResponses<T extends object>(messages: AsyncIterable<T>): AsyncIterable<T> {
    try {
      return new ObservedResponses(iteratorOf(messages), this);
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  failed(reason: unknown): void {
    if (!this.#isOver) {
      this.end(errorFor(reason, this.signal, this.unexpectedCode));
    }
  }

  end(error: ConnectError | undefined): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    this.signal.removeEventListener("abort", this);
    try {
      this.observer.onEnd(error);
    } catch (problem) {
      complain(problem);
    }
  }
}

function complain(error: unknown): void {
  logToStderr("an observer of calls failed", error);
}

/** The same request messages, each of which the observer sees when it is taken. */
class TappedRequests<T extends object> implements AsyncIterableIterator<T> {
  #iterator: AsyncIterator<T> | undefined;

  constructor(
    private readonly messages: AsyncIterable<T>,
    private readonly call: ObservedCall,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    return nextOf(this.#source).then((result) => {
      if (!checkedResult(result).done) {
        this.call.request(result.value);
      }
      return result;
    });
  }

  async return(value?: unknown): Promise<IteratorResult<T>> {
    closeIterator(this.#iterator);
    return { done: true, value };
  }

  async throw(error?: unknown): Promise<IteratorResult<T>> {
    closeIterator(this.#iterator, error);
    throw error;
  }

  get #source(): AsyncIterator<T> {
    this.#iterator ??= iteratorOf(this.messages);
    return this.#iterator;
  }
}

/** The same response messages, which are reported together with their end. */
class ObservedResponses<T extends object> implements AsyncIterableIterator<T> {
  constructor(
    private readonly iterator: AsyncIterator<T>,
    private readonly call: ObservedCall,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    const { observer } = this.call;
    const result = observer.run === undefined ? nextOf(this.iterator) : observer.run(nextOf, this.iterator);
    return (result as Promise<IteratorResult<T>>).then(this.#onResult, this.#onError);
  }

  async return(value?: unknown): Promise<IteratorResult<T>> {
    this.call.failed(new ConnectError("the responses are no longer read", Code.Canceled));
    const { observer } = this.call;
    if (observer.run === undefined) {
      closeIterator(this.iterator);
    } else {
      observer.run(closeIterator, this.iterator);
    }
    return { done: true, value };
  }

  readonly #onResult = (result: IteratorResult<T>): IteratorResult<T> => {
    try {
      if (checkedResult(result).done) {
        this.call.end(undefined);
      } else {
        this.call.response(result.value);
      }
      return result;
    } catch (error) {
      return this.#onError(error);
    }
  };

  readonly #onError = (error: unknown): never => {
    this.call.failed(error);
    throw error;
  };
}

/** Requests the next result of an iterator that may throw, or return something that is not a promise. */
function nextOf<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T>> {
  try {
    return Promise.resolve(iterator.next());
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Returns the error that the caller sees for what a call ended with. */
function errorFor(reason: unknown, signal: Abortable, unexpectedCode: Code): ConnectError {
  const isTold = signal.aborted && (reason === signal.reason || isAbortError(reason));
  return isTold && !isInstance(reason, ConnectError)
    ? connectErrorFrom(signal.reason, Code.Canceled)
    : connectErrorFrom(reason, unexpectedCode);
}
