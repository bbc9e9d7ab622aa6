import { ConnectError } from "@connectrpc/connect";
import { SharedAccount } from "@vyra/http2";
import { refWhileDialling } from "../../dialling/dial-ref.js";
import type { SessionSource } from "../../dialling/session.js";
import { Line, LineBudget } from "./call-queue.js";
import type { DirectSession, Waiting } from "./session.js";

/** Where the calls of a transport wait for a connection: one that is being dialled, or a server that is not there yet. */
export class WaitingRoom {
  readonly budget: LineBudget;
  /** What its connections hold. They limit that each by itself. */
  readonly shared = new SharedAccount(Number.POSITIVE_INFINITY);
  readonly #dialled = new WeakMap<Promise<DirectSession>, Dialled>();
  readonly #patient: Line<Waiting>;
  #watch: AbortController | undefined;

  constructor(
    private readonly connection: SessionSource<DirectSession>,
    maxWaitingBytes: number,
  ) {
    this.budget = new LineBudget(maxWaitingBytes);
    this.#patient = new Line(this.budget, () => this.#watch?.abort());
  }

  /** For one whose session is being opened; all of them share one look at what comes of it, and hold the process as long as one waits. */
  forSession(opening: Promise<DirectSession>): Line<Waiting> {
    let dialled = this.#dialled.get(opening);
    if (dialled === undefined) {
      dialled = new Dialled(this.budget, opening);
      this.#dialled.set(opening, dialled);
      const opened = dialled.line;
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
    dialled.hold();
    return dialled.line;
  }

  /** For those who wait for the server to be there; all of them share one watch, which ends with the last. */
  forServer(): Line<Waiting> {
    if (this.#watch === undefined) {
      const watch = new AbortController();
      this.#watch = watch;
      const settle = (tell: (call: Waiting) => void) => {
        if (this.#watch === watch) {
          this.#watch = undefined;
          this.#patient.clear().forEach(tell);
        }
      };
      watch.signal.addEventListener("abort", () => settle(() => {}), { once: true });
      this.connection.ready({ signal: watch.signal }).then(
        () => settle((call) => call.acquire()),
        (error) => settle((call) => call.fail(ConnectError.from(error))),
      );
    }
    return this.#patient;
  }
}

/** Those who wait for one session. */
class Dialled {
  readonly line: Line<Waiting>;
  #leave: (() => void) | undefined;

  constructor(
    budget: LineBudget,
    private readonly opening: Promise<DirectSession>,
  ) {
    this.line = new Line(budget, () => {
      this.#leave?.();
      this.#leave = undefined;
    });
  }

  /** Holds the process until nobody waits any more. */
  hold(): void {
    this.#leave ??= refWhileDialling(this.opening);
  }
}
