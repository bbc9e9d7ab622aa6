import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerConnection } from "@vyra/http2";
import { clearInterval, maxTimerMs, setInterval } from "../../../time/real-timers.js";

/** A call whose request may take too long to arrive. */
export interface CheckedCall {
  /**
   * Identifies the incomplete part of the request, and stays the same while that part is incomplete; undefined if
   * nothing is missing that the caller is responsible for.
   */
  readonly unfinished: unknown;
  /** The incomplete part at the last check, and the number of checks that have found it. */
  lastUnfinished: unknown;
  checks: number;
  fail(error: ConnectError): void;
}

const checksWithinTimeout = 2;

/**
 * Ends calls whose requests do not become complete. It checks all of them periodically, twice within the timeout, so it
 * costs a call nothing but is not exact: a part that is found for the third time has been incomplete for the timeout,
 * and for at most half as long again.
 */
export class UnfinishedRequests {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connections: ReadonlySet<ServerConnection>,
    private readonly timeoutMs: number,
  ) {}

  /** Starts checking, if it has not been started. Called when there is a connection. */
  watch(): void {
    if (this.#timer === undefined && this.timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#timer = setInterval(
        () => this.#checkAll(),
        Math.min(maxTimerMs, Math.max(1, this.timeoutMs / checksWithinTimeout)),
      ).unref();
    }
  }

  #checkAll(): void {
    for (const connection of this.connections) {
      for (const { context } of connection.streams()) {
        if (isCheckedCall(context)) {
          this.#check(context);
        }
      }
    }
    if (this.connections.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #check(call: CheckedCall): void {
    const { unfinished } = call;
    call.checks = unfinished !== undefined && unfinished === call.lastUnfinished ? call.checks + 1 : 1;
    call.lastUnfinished = unfinished;
    if (unfinished !== undefined && call.checks > checksWithinTimeout) {
      const message = `the request was not complete within ${this.timeoutMs} ms (requestTimeoutMs)`;
      call.fail(new ConnectError(message, Code.DeadlineExceeded));
    }
  }
}

function isCheckedCall(context: unknown): context is CheckedCall {
  return context instanceof Object && "lastUnfinished" in context;
}
