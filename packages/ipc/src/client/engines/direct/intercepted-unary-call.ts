import { Code, ConnectError, type Interceptor, type UnaryRequest, type UnaryResponse } from "@connectrpc/connect";
import { formatTimeout, timeoutHeader } from "../../../grpc/index.js";
import { deadlines, Timed } from "../../../time/deadline-queue.js";
import { callEnded, deadlineExceeded, noteDeadline } from "../../../time/signal-deadline.js";
import { guardedController } from "../../../user-code/guarded-signal.js";
import { logToStderr } from "../../../user-code/log-to-stderr.js";
import { allowManyListeners } from "../../../user-code/shared-signal.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";

type Next = (req: UnaryRequest) => Promise<UnaryResponse>;

/**
 * A unary call through interceptors. They see what they would see in Connect's `runUnaryCall` inside of `deadline()`:
 * the chain is built for each call, and the signal is aborted when the call ends for whatever reason. But there is one
 * signal instead of three, and one timer for all calls, since signals take most of the time there.
 */
export class InterceptedUnaryCall extends Timed {
  readonly #controller = guardedController((error) => logToStderr("a listener of a call's signal failed", error));
  #reject: (error: ConnectError) => void = () => {};

  constructor(
    private readonly callerSignal: AbortSignal | undefined,
    private readonly timeoutMs: number | undefined,
  ) {
    super();
  }

  run(interceptors: readonly Interceptor[], next: Next, init: Omit<UnaryRequest, "signal">): Promise<UnaryResponse> {
    const { signal } = this.#controller;
    const req = { ...init, signal } as UnaryRequest;
    let chain = next as Parameters<Interceptor>[0];
    for (let i = interceptors.length - 1; i >= 0; i--) {
      chain = (interceptors[i] as Interceptor)(chain);
    }
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      try {
        this.#limit(req.header);
      } catch (error) {
        reject(connectErrorFrom(error, Code.Internal)); // the caller's signal is invalid
        return;
      }
      this.#outcome(chain as Next, req).then(resolve, reject);
    });
  }

  /** Runs the chain. An interceptor may also throw before it has returned a promise, which fails the call as well. */
  async #outcome(chain: Next, req: UnaryRequest): Promise<UnaryResponse> {
    try {
      const res = await chain(req);
      assertResponse(res);
      this.#end(callEnded());
      return res;
    } catch (reason) {
      const { signal } = this.#controller;
      const error = signal.aborted ? connectErrorFrom(signal.reason, Code.Canceled) : connectErrorFrom(reason);
      this.#end(error);
      throw error;
    }
  }

  onDeadline(): void {
    this.#giveUp(deadlineExceeded("deadline", this.timeoutMs ?? 0));
  }

  /** Called when the caller's signal is aborted. */
  handleEvent(): void {
    this.#giveUp(this.callerSignal?.reason);
  }

  #limit(header: Headers): void {
    if (this.callerSignal?.aborted) {
      this.handleEvent();
      return;
    }
    if (this.callerSignal !== undefined) {
      allowManyListeners(this.callerSignal);
      this.callerSignal.addEventListener("abort", this);
    }
    if (this.timeoutMs !== undefined) {
      noteDeadline(this.#controller.signal, this.timeoutMs);
      header.set(timeoutHeader, formatTimeout(this.timeoutMs));
      deadlines.start(this, this.timeoutMs);
    }
  }

  /** Fails the call at once, so that an interceptor that never answers does not keep the caller waiting. */
  #giveUp(reason: unknown): void {
    this.#end(reason);
    this.#reject(connectErrorFrom(reason, Code.Canceled));
  }

  #end(reason: unknown): void {
    deadlines.stop(this);
    this.callerSignal?.removeEventListener("abort", this);
    this.#controller.abort(reason);
  }
}

/** Refuses values that an interceptor without types may return. @throws {ConnectError} Internal. */
function assertResponse(res: unknown): void {
  if (typeof res !== "object" || res === null || !("message" in res)) {
    throw new ConnectError("an interceptor returned something that is not a response", Code.Internal);
  }
}
