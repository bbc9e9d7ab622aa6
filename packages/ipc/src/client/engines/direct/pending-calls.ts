import { ConnectError } from "@connectrpc/connect";
import { SharedAccount } from "@vyra/http2";
import { refWhileDialling } from "../../dialling/dial-ref.js";
import type { SessionSource } from "../../dialling/session.js";
import { CallQueue, QueueBudget } from "./call-queue.js";
import type { DirectSession, PendingCall } from "./session.js";

/** Where the calls of a transport wait for a connection: one that is being dialled, or a server that is not there yet. */
export class PendingCalls {
  readonly budget: QueueBudget;
  /** What its connections hold. They limit that each by itself. */
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

  /** For one whose session is being opened; all of them share one look at what comes of it, and hold the process as long as one waits. */
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
    dial.hold();
    return dial.queue;
  }

  /** For those who wait for the server to be there; all of them share one watch, which ends with the last. */
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

/** Those who wait for one session. */
class Dial {
  readonly queue: CallQueue<PendingCall>;
  #leave: (() => void) | undefined;

  constructor(
    budget: QueueBudget,
    private readonly opening: Promise<DirectSession>,
  ) {
    this.queue = new CallQueue(budget, () => {
      this.#leave?.();
      this.#leave = undefined;
    });
  }

  /** Holds the process until nobody waits any more. */
  hold(): void {
    this.#leave ??= refWhileDialling(this.opening);
  }
}
