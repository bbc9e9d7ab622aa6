import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerConnection } from "@vyra/http2";
import { clearInterval, maxTimerMs, setInterval } from "../../../time/real-timers.js";

/** A call whose request may take too long to become whole. */
export interface Reviewed {
  /** What of the request is unfinished, the same each time while it is; undefined for nothing that the caller has to answer for. */
  readonly unfinished: unknown;
  /** What that was when it was looked at last, and how often it has been that. */
  lastUnfinished: unknown;
  looks: number;
  fail(error: ConnectError): void;
}

const looksWithin = 2;

/**
 * Ends calls whose requests do not become whole. It looks at all of them now and then, twice within the limit, so it is not exact and costs
 * a call nothing: one that it finds for the third time has had all of its time, and at most half as much again.
 */
export class UnfinishedRequests {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connections: ReadonlySet<ServerConnection>,
    private readonly timeoutMs: number,
  ) {}

  /** There is a connection. */
  watch(): void {
    if (this.#timer === undefined && this.timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#timer = setInterval(
        () => this.#look(),
        Math.min(maxTimerMs, Math.max(1, this.timeoutMs / looksWithin)),
      ).unref();
    }
  }

  #look(): void {
    for (const connection of this.connections) {
      for (const { context } of connection.streams()) {
        if (isReviewed(context)) {
          this.#review(context);
        }
      }
    }
    if (this.connections.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #review(call: Reviewed): void {
    const { unfinished } = call;
    call.looks = unfinished !== undefined && unfinished === call.lastUnfinished ? call.looks + 1 : 1;
    call.lastUnfinished = unfinished;
    if (unfinished !== undefined && call.looks > looksWithin) {
      const message = `the request has not become whole within ${this.timeoutMs} ms (requestTimeoutMs)`;
      call.fail(new ConnectError(message, Code.DeadlineExceeded));
    }
  }
}

function isReviewed(context: unknown): context is Reviewed {
  return context instanceof Object && "lastUnfinished" in context;
}
