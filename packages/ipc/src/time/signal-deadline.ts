import { Code, ConnectError } from "@connectrpc/connect";
import { guardedController } from "../user-code/guarded-signal.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { LongTimer } from "./long-timer.js";
import { performance } from "./real-timers.js";

/**
 * A deadline belongs to the signal that enforces it: whoever passes a call's signal on, as every interceptor does, passes
 * its deadline on, and each attempt can tell the peer what remains. Times are those of `performance.now()`, which no
 * adjustment of the system's clock moves.
 */
const deadlines = new WeakMap<AbortSignal, number>();

/** A time limit under way. */
export interface DeadlineTimer {
  /** Aborted at the deadline with DeadlineExceeded, and before it when the signal that it was made from is. */
  readonly signal: AbortSignal;
  /** Puts the deadline off: it is now as far away as it was when it was set. */
  restart(): void;
  /** Does not hold the process. */
  unref(): this;
  /** Stops the clock; the signal is not aborted any more. */
  stop(): void;
}

/** Starts a time limit, in milliseconds (`Infinity` for none), on what `signal` already governs. */
export function startDeadline(signal: AbortSignal, timeoutMs: number, what: string): DeadlineTimer {
  const controller = guardedController((error) => logToStderr("a listener of a call's signal failed", error));
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

/** Notes that `signal` is aborted `timeoutMs` from now, for `remainingMs`. */
export function noteDeadline(signal: AbortSignal, timeoutMs: number): void {
  deadlines.set(signal, performance.now() + timeoutMs);
}

/** What remains of the time of the call that `signal` governs, in milliseconds, not above 0 when it is over; undefined without a limit. */
export function remainingMs(signal: AbortSignal): number | undefined {
  const deadline = deadlines.get(signal);
  return deadline === undefined ? undefined : deadline - performance.now();
}

/**
 * With what the signal of a call is aborted that ended as it should, as by `abort()` without a reason: for all the same one, since
 * to make one takes as long as a call.
 */
export function callEnded(): DOMException {
  ended ??= new DOMException("This operation was aborted", "AbortError");
  return ended;
}
let ended: DOMException | undefined;

export function deadlineExceeded(what: string, timeoutMs: number): ConnectError {
  return new ConnectError(`${what} of ${Math.round(timeoutMs)} ms exceeded`, Code.DeadlineExceeded);
}
