import type { Interceptor, UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import { deadlines, Timed } from "../time/deadline-queue.js";
import { type Abortable, LazySignal } from "../time/lazy-signal.js";
import { callEnded, deadlineExceeded } from "../time/signal-deadline.js";
import { logListenerError } from "../user-code/guarded-signal.js";
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
            this.#over.abort(callEnded());
          },
          (reason) => this.#fail(reason),
        );
      } catch (reason) {
        this.#fail(reason);
      }
    });
  }

  onDeadline(): void {
    this.#fail(deadlineExceeded("deadline", this.timeoutMs));
  }

  /** Called when the outer signal is aborted. */
  handleEvent(): void {
    this.#fail(this.outer.reason);
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
  #fail(reason: unknown): void {
    this.#stop();
    this.#reject(reason);
    this.#over.abort(reason);
  }
}
