/**
 * Time: the deadlines of calls, timers that tests cannot replace, and waits that a signal can end. Nothing here knows
 * of messages, sockets or HTTP. Code outside of this folder takes its timers and clock from `real-timers.ts`.
 */

import { Code, ConnectError } from "@connectrpc/connect";
import { guardedController, logListenerError } from "../user-code/guarded-signal.js";
import type { Abortable } from "./lazy-signal.js";
import { LongTimer } from "./long-timer.js";
import { performance } from "./real-timers.js";

/**
 * Deadlines by the signals that enforce them. Code that passes on a call's signal, as every interceptor does, thereby
 * passes on its deadline, and each attempt can send the remaining time to the peer. The times are those of
 * `performance.now()`, which adjustments of the system clock do not affect.
 */
const deadlines = new WeakMap<AbortSignal, number>();

/** A running timeout. */
export interface DeadlineTimer {
  /**
   * The signal that is aborted with DeadlineExceeded at the deadline, or before it when the original signal is aborted.
   */
  readonly signal: AbortSignal;
  /** Postpones the deadline by starting the full time again. */
  restart(): void;
  /** Stops keeping the process alive. */
  unref(): this;
  /** Stops the clock; the signal will not be aborted any more. */
  stop(): void;
}

/**
 * Starts a timeout, in milliseconds (`Infinity` for none), for something that `signal` already governs.
 *
 * @param what what the error message calls the timeout
 */
export function startDeadline(signal: AbortSignal, timeoutMs: number, what: string): DeadlineTimer {
  const controller = guardedController(logListenerError);
  const expire = () => controller.abort(deadlineExceeded(what, timeoutMs));
  const follow = () => controller.abort(signal.reason);
  const timer = new LongTimer(expire, timeoutMs);
  if (signal.aborted) {
    follow();
  } else {
    signal.addEventListener("abort", follow, { once: true });
  }
  return {
    signal: controller.signal,
    restart: () => timer.restart(),
    unref() {
      timer.unref();
      return this;
    },
    stop() {
      timer.stop();
      signal.removeEventListener("abort", follow);
    },
  };
}

/** Records when `signal` will be aborted, by `performance.now()`, for `remainingMs()`. */
export function noteDeadline(signal: AbortSignal, deadlineAt: number): void {
  deadlines.set(signal, deadlineAt);
}

/**
 * Returns the remaining time of the call that `signal` governs, in milliseconds, 0 or less if it is over; undefined
 * without a deadline.
 */
export function remainingMs(signal: Abortable | undefined): number | undefined {
  const deadline = signal?.deadlineAt ?? deadlines.get(signal as AbortSignal);
  return deadline === undefined ? undefined : deadline - performance.now();
}

/**
 * Returns the reason with which the signal of a call is aborted that has ended normally, as by `abort()` without an
 * argument. All calls share it, since creating one takes as long as a call.
 */
export function callEnded(): DOMException {
  ended ??= new DOMException("This operation was aborted", "AbortError");
  return ended;
}
let ended: DOMException | undefined;

export function deadlineExceeded(what: string, timeoutMs: number): ConnectError {
  return new ConnectError(`${what} of ${Math.round(timeoutMs)} ms exceeded`, Code.DeadlineExceeded);
}
