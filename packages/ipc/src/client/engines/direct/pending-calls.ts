import { ConnectError } from "@connectrpc/connect";
import { SharedAccount } from "@vyra/http2";
import { refWhileDialling } from "../../dialling/dial-ref.js";
import type { SessionSource } from "../../dialling/session.js";
import { CallQueue, QueueBudget } from "./call-queue.js";
import type { DirectSession, PendingCall } from "./session.js";

/**
 * The calls of a transport that wait for a connection, because it is being dialled or because the server is not
 * reachable.
 */
export class PendingCalls {
  readonly budget: QueueBudget;
  /** The memory held by the connections together. Each connection limits its own. */
  readonly shared = new SharedAccount(Number.POSITIVE_INFINITY);
  readonly #dials = new WeakMap<Promise<DirectSession>, Dial>();
  readonly #waitingForReady: CallQueue<PendingCall>;
  #watch: AbortController | undefined;

  constructor(
    private readonly connection: SessionSource<DirectSession>,
    maxWaitingBytes: number,
  ) {
    this.budget = new QueueBudget(maxWaitingBytes);
    this.#waitingForReady = new CallQueue(this.budget, () => this.#watch?.abort());
  }

  /**
   * Returns the queue of calls whose session is being opened. They share one handler of its outcome, and keep the
   * process alive as long as one of them waits.
   */
  forSession(opening: Promise<DirectSession>): CallQueue<PendingCall> {
    let dial = this.#dials.get(opening);
    if (dial === undefined) {
      dial = new Dial(this.budget, opening);
      this.#dials.set(opening, dial);
      const opened = dial.queue;
      opening.then(
        (session) => {
          for (const call of opened.clear()) {
            session.run(call);
          }
        },
        (error) => {
          for (const call of opened.clear()) {
            call.onUnreachable(ConnectError.from(error));
          }
        },
      );
    }
    dial.ref();
    return dial.queue;
  }

  /**
   * Returns the queue of calls that wait for the server to be reachable. They share one watch, which ends with the last
   * of them.
   */
  forServer(): CallQueue<PendingCall> {
    if (this.#watch === undefined) {
      const watch = new AbortController();
      this.#watch = watch;
      const settle = (tell: (call: PendingCall) => void) => {
        if (this.#watch === watch) {
          this.#watch = undefined;
          this.#waitingForReady.clear().forEach(tell);
        }
      };
      watch.signal.addEventListener("abort", () => settle(() => {}), { once: true });
      this.connection.ready({ signal: watch.signal }).then(
        () => settle((call) => call.acquire()),
        (error) => settle((call) => call.fail(ConnectError.from(error))),
      );
    }
    return this.#waitingForReady;
  }
}

/** The calls that wait for one session. */
class Dial {
  readonly queue: CallQueue<PendingCall>;
  #unref: (() => void) | undefined;

  constructor(
    budget: QueueBudget,
    private readonly opening: Promise<DirectSession>,
  ) {
    this.queue = new CallQueue(budget, () => {
      this.#unref?.();
      this.#unref = undefined;
    });
  }

  /** Keeps the process alive until no call waits any more. */
  ref(): void {
    this.#unref ??= refWhileDialling(this.opening);
  }
}
