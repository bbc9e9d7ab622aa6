import type { Interceptor, UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import { deadlines, Timed } from "../time/deadline-queue.js";
import { type Abortable, LazySignal } from "../time/lazy-signal.js";
import { deadlineExceeded } from "../time/signal-deadline.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { CallRequest } from "./request.js";

type Next = Parameters<Interceptor>[0];

/** A unary call of the direct engine within a deadline. */
export class LimitedCall extends Timed {
  readonly #over = new LazySignal(logListenerError);
  #reject: (reason: unknown) => void = () => {};

  constructor(
    private readonly outer: Abortable,
    private readonly timeoutMs: number,
  ) {
    super();
  }

  run(next: Next, req: UnaryRequest): Promise<UnaryResponse> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#start();
      const inner = new CallRequest(this.#over, req, req) as unknown as UnaryRequest;
      try {
        Promise.resolve(next(inner)).then(
          (res) => {
            this.#stop();
            resolve(res as UnaryResponse);
          },
          (reason) => this.#settle(reason),
        );
      } catch (reason) {
        this.#settle(reason);
      }
    });
  }

  onDeadline(): void {
    this.#giveUp(deadlineExceeded("deadline", this.timeoutMs));
  }

  /** Called when the outer signal is aborted. */
  handleEvent(): void {
    this.#giveUp(this.outer.reason);
  }

  #start(): void {
    if (this.outer.aborted) {
      this.handleEvent();
      return;
    }
    this.outer.addEventListener("abort", this);
    deadlines.start(this, this.timeoutMs);
    this.#over.deadlineAt = this.deadlineAt;
  }

  #stop(): void {
    deadlines.stop(this);
    this.outer.removeEventListener("abort", this);
  }

  /** Fails the call at once: an inner interceptor that never answers must not keep the caller waiting. */
  #giveUp(reason: unknown): void {
    this.#settle(reason);
    this.#over.abort(reason);
  }

  #settle(reason: unknown): void {
    this.#stop();
    this.#reject(reason);
  }
}

function logListenerError(error: unknown): void {
  logToStderr("a listener of a call's signal failed", error);
}
