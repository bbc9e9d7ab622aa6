import {
  Code,
  ConnectError,
  type ContextValues,
  type Interceptor,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { withValue } from "../../../interceptors/context-value.js";
import { CallRequest } from "../../../interceptors/request.js";
import { targetKey } from "../../../interceptors/target.js";
import { completed } from "../../../protobuf/codec.js";
import { deadlines, Timed } from "../../../time/deadline-queue.js";
import { LazySignal } from "../../../time/lazy-signal.js";
import { callEnded, deadlineExceeded } from "../../../time/signal-deadline.js";
import { logListenerError } from "../../../user-code/guarded-signal.js";
import { allowManyListeners } from "../../../user-code/shared-signal.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { requestError } from "./call.js";
import type { Core } from "./core.js";
import { type HeadersInit, interceptedSpec, requestHeader } from "./intercepted-spec.js";
import type { Method } from "./method.js";
import { type ResponseFields, unaryResponse } from "./response.js";
import { startUnary } from "./start.js";

/** The limits of one call: the caller's signal, and the timeout in milliseconds. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
}

type Next = (req: UnaryRequest) => Promise<UnaryResponse>;

/**
 * A unary call through interceptors. They see what they would see in Connect's `runUnaryCall` inside of `deadline()`:
 * the chain is built for each call, and the signal is aborted when the call ends for whatever reason. But the signal
 * exists only if somebody has read it, the deadline is kept with those of all other calls, and if the interceptors
 * return an attempt's own promise, its outcome is the call's without another promise.
 */
export class InterceptedUnaryCall extends Timed {
  readonly #over = new LazySignal(logListenerError);
  readonly #knownFields: readonly string[];
  /** Whether the interceptors have not returned yet, so that no time has passed. */
  #isStarting = true;
  /** The promise of the latest attempt, while it is under way. */
  #latest: Promise<UnaryResponse> | undefined;
  /** The attempt whose outcome is the call's. */
  #decisive: Promise<UnaryResponse> | undefined;

  constructor(
    private readonly core: Core,
    private readonly method: Method,
    private readonly limits: CallLimits,
    private readonly onResponse: (res: UnaryResponse) => void,
    private readonly onError: (error: ConnectError) => void,
  ) {
    super();
    this.#knownFields = method.requestFields(limits.timeoutMs);
  }

  /** Starts the call. @throws whatever is wrong with the request; `requestError()` converts it to a ConnectError */
  run(input: unknown, headers: HeadersInit, values: ContextValues | undefined): void {
    const { core, method } = this;
    const request = new CallRequest(this.#over, method.requestKind, {
      message: completed(method.desc.input, input as never),
      header: requestHeader(this.#knownFields, headers),
      contextValues: withValue(values, targetKey, core.address.address),
    }) as UnaryRequest;
    let chain: Next = (req) => this.#attempt(req);
    const { interceptors } = core.options;
    for (let i = interceptors.length - 1; i >= 0; i--) {
      chain = (interceptors[i] as Interceptor)(chain as Parameters<Interceptor>[0]) as Next;
    }
    this.#limit();
    try {
      const outcome = chain(request);
      this.#isStarting = false;
      if (outcome === this.#latest && outcome !== undefined) {
        this.#decisive = outcome;
      } else {
        Promise.resolve(outcome).then(
          (res) => this.#succeed(res),
          (reason) => this.#fail(reason),
        );
      }
    } catch (reason) {
      this.#fail(reason); // An interceptor may throw before it has returned a promise.
    }
  }

  onDeadline(): void {
    this.#giveUp(deadlineExceeded("deadline", this.limits.timeoutMs ?? 0));
  }

  /** Called when the caller's signal is aborted. */
  handleEvent(): void {
    this.#giveUp(this.limits.signal?.reason);
  }

  /** Makes one attempt. The response has all its properties as its own, as interceptors need. */
  #attempt(req: UnaryRequest): Promise<UnaryResponse> {
    let isSettled = false;
    let promise: Promise<UnaryResponse> | undefined;
    promise = new Promise((resolve, reject) => {
      const onResponse = (message: unknown, fields: ResponseFields) => {
        const res = unaryResponse(this.method.desc, message, fields);
        isSettled = true;
        resolve(res);
        if (promise !== undefined && this.#isDecisive(promise)) {
          this.#succeed(res);
        }
      };
      const onError = (error: ConnectError) => {
        isSettled = true;
        reject(error);
        if (promise !== undefined && this.#isDecisive(promise)) {
          promise.catch(ignore);
          this.#fail(error);
        }
      };
      try {
        const { timeoutMs } = this.limits;
        const known = { fields: this.#knownFields, timeoutMs, whole: this.#isStarting ? this.#over : undefined };
        startUnary(this.core, interceptedSpec(this.core, this.method, req, known), req.message, onResponse, onError);
      } catch (error) {
        isSettled = true;
        reject(requestError(error));
      }
    });
    if (!isSettled) {
      this.#latest = promise;
    }
    return promise;
  }

  /** Called with the promise of an attempt that has ended. Returns whether its outcome is the call's. */
  #isDecisive(promise: Promise<UnaryResponse>): boolean {
    if (this.#latest === promise) {
      this.#latest = undefined;
    }
    return this.#decisive === promise;
  }

  /** Applies the limits of the call. @throws for a caller's signal that is none */
  #limit(): void {
    const { signal, timeoutMs } = this.limits;
    if (signal !== undefined) {
      if (signal.aborted) {
        this.handleEvent();
        return;
      }
      allowManyListeners(signal);
      signal.addEventListener("abort", this);
    }
    if (timeoutMs !== undefined) {
      deadlines.start(this, timeoutMs);
      this.#over.deadlineAt = this.deadlineAt;
    }
  }

  #succeed(res: UnaryResponse): void {
    if (!isResponse(res)) {
      this.#fail(new ConnectError("an interceptor returned something that is not a response", Code.Internal));
    } else if (!this.#over.aborted) {
      this.#end(callEnded());
      this.onResponse(res);
    }
  }

  /** Fails the call with what its interceptors have thrown, or with the reason for which it is already over. */
  #fail(thrown: unknown): void {
    const error = this.#over.aborted ? connectErrorFrom(this.#over.reason, Code.Canceled) : connectErrorFrom(thrown);
    this.#end(error);
    this.onError(error);
  }

  /** Fails the call at once, so that an interceptor that never answers does not keep the caller waiting. */
  #giveUp(reason: unknown): void {
    this.#end(reason);
    this.onError(connectErrorFrom(reason, Code.Canceled));
  }

  #end(reason: unknown): void {
    deadlines.stop(this);
    this.limits.signal?.removeEventListener("abort", this);
    this.#over.abort(reason);
  }
}

/** Tells whether it is a response; an interceptor without types may return anything, also what cannot be read. */
function isResponse(res: unknown): boolean {
  try {
    return typeof res === "object" && res !== null && "message" in res;
  } catch {
    return false;
  }
}

function ignore(): void {}
