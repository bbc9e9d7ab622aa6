/**
 * The interceptors that users and channels put around calls: deadlines, retries, logging, telemetry, and what these
 * share. Each works with every engine and, unless it says otherwise, on both sides. A new interceptor belongs here; it
 * must not import from `client` or `server`.
 */

import type { DescMethod } from "@bufbuild/protobuf";
import type {
  CallOptions,
  HandlerContext,
  Interceptor,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import { formatTimeout, parseTimeout, timeoutHeader } from "../grpc/index.js";
import { shown } from "../option-checks.js";
import { orAborted } from "../time/abortable.js";
import { OwnSignal } from "../time/own-signal.js";
import { performance } from "../time/real-timers.js";
import { deadlineExceeded, noteDeadline, startDeadline } from "../time/signal-deadline.js";
import { LimitedCall } from "./limited-call.js";
import { assertMethodNames, type ByMethod, settingFor } from "./method-policy.js";

/** The default timeout of a unary call, in milliseconds. */
export const defaultTimeoutMs = 5_000;

/**
 * The timeouts of calls, in milliseconds. They may have any length; `Infinity` means none. Values of 0 or less are
 * refused.
 */
export interface DeadlineOptions {
  /** The timeout of a unary call that sets none itself, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Timeouts of single methods and services, in milliseconds, by `"package.Service/Method"` or `"package.Service"`.
   * They apply to streaming methods as well, which have no timeout otherwise. Default: none.
   */
  readonly methodTimeoutMs?: ByMethod<number> | undefined;
  /**
   * The longest timeout that any call may have, in milliseconds; longer ones are shortened to it. Calls without a
   * timeout are not affected. Default: no limit.
   */
  readonly timeoutCapMs?: number | undefined;
  /**
   * How long a stream may go without a message in either direction, in milliseconds, before it fails with
   * DeadlineExceeded. Default: no limit.
   */
  readonly streamIdleMs?: number | undefined;
}

/**
 * Creates an interceptor that gives every unary call a deadline, and streams one if configured. Put it first, so that
 * everything after it, retries included, happens within the deadline.
 *
 * A call's own `timeoutMs` takes precedence, up to `timeoutCapMs`. (Connect treats a timeout of 0 or less as not set:
 * the default then applies.) At the deadline the call fails with DeadlineExceeded and the server is told to stop. The
 * `grpc-timeout` on the wire is the time that remains when the attempt is made.
 *
 * @throws {RangeError} for a timeout of 0 or less.
 * @throws {TypeError} for an invalid name in `methodTimeoutMs`.
 */
export function deadline(options: DeadlineOptions = {}): Interceptor {
  const timeoutFor = timeoutPolicy(options);
  return (next) => async (req) => {
    const timeoutMs = timeoutFor(req.method, parseTimeout(req.header.get(timeoutHeader) ?? ""));
    if (!req.stream) {
      return timeoutMs === undefined ? next(req) : limitUnary(next, req, timeoutMs);
    }
    return limitStream(next, req, timeoutMs, options.streamIdleMs);
  };
}

/**
 * Returns a function that determines a call's timeout from its method and the timeout that the call sets itself, in
 * milliseconds; undefined means none.
 *
 * @throws {RangeError | TypeError} for invalid timeouts and method names.
 */
export function timeoutPolicy(
  options: DeadlineOptions,
): (method: DescMethod, ownTimeoutMs: number | undefined) => number | undefined {
  const { timeoutCapMs = Number.POSITIVE_INFINITY, methodTimeoutMs, streamIdleMs } = options;
  const unaryTimeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  assertPositive({ timeoutMs: unaryTimeoutMs, timeoutCapMs, streamIdleMs });
  if (methodTimeoutMs !== undefined && (typeof methodTimeoutMs !== "object" || methodTimeoutMs === null)) {
    throw new TypeError(
      `methodTimeoutMs must be an object with a time for each method or service, not ${shown(methodTimeoutMs)}`,
    );
  }
  for (const [name, ms] of Object.entries(methodTimeoutMs ?? {})) {
    assertPositive({ [`methodTimeoutMs[${JSON.stringify(name)}]`]: ms });
  }
  assertMethodNames(methodTimeoutMs, "methodTimeoutMs");
  return (method, ownTimeoutMs) => {
    const wanted =
      ownTimeoutMs ??
      settingFor(methodTimeoutMs, method) ??
      (method.methodKind === "unary" ? unaryTimeoutMs : undefined);
    const limitMs = wanted === undefined ? Number.POSITIVE_INFINITY : Math.min(wanted, timeoutCapMs);
    return limitMs === Number.POSITIVE_INFINITY ? undefined : limitMs;
  };
}

/**
 * Returns options for the calls that a handler makes itself, with the handler's remaining time and its cancellation.
 * Spread them into others: `client.getStatus({}, { ...inherit(ctx), headers })`.
 *
 * If the handler's time is up, calls with these options fail at once with DeadlineExceeded.
 */
export function inherit(context: HandlerContext): CallOptions {
  const timeoutMs = context.timeoutMs();
  if (timeoutMs === undefined) {
    return { signal: context.signal };
  }
  if (timeoutMs <= 0) {
    return { signal: AbortSignal.abort(deadlineExceeded("the caller's deadline", 0)) };
  }
  return { signal: context.signal, timeoutMs: Math.ceil(timeoutMs) };
}

type Next = Parameters<Interceptor>[0];

function limitUnary(next: Next, req: UnaryRequest, timeoutMs: number): Promise<UnaryResponse> {
  req.header.set(timeoutHeader, formatTimeout(timeoutMs));
  const outer = OwnSignal.sourceOf(req);
  return outer === undefined ? limitBySignal(next, req, timeoutMs) : new LimitedCall(outer, timeoutMs).run(next, req);
}

async function limitBySignal(next: Next, req: UnaryRequest, timeoutMs: number): Promise<UnaryResponse> {
  const limit = startDeadline(req.signal, timeoutMs, "deadline");
  noteDeadline(limit.signal, performance.now() + timeoutMs);
  try {
    // An inner interceptor that never answers must not keep the caller waiting.
    return (await orAborted(next({ ...req, signal: limit.signal }), limit.signal)) as UnaryResponse;
  } finally {
    limit.stop();
  }
}

async function limitStream(
  next: Next,
  req: StreamRequest,
  timeoutMs: number | undefined,
  idleMs: number | undefined,
): Promise<UnaryResponse | StreamResponse> {
  if (timeoutMs === undefined && idleMs === undefined) {
    return next(req);
  }
  const idle = idleMs === undefined ? undefined : startDeadline(req.signal, idleMs, "idle limit");
  const limit = timeoutMs === undefined ? undefined : startDeadline(idle?.signal ?? req.signal, timeoutMs, "deadline");
  const signal = limit?.signal ?? idle?.signal ?? req.signal;
  if (timeoutMs !== undefined) {
    noteDeadline(signal, performance.now() + timeoutMs);
    req.header.set(timeoutHeader, formatTimeout(timeoutMs));
  }
  const stop = () => {
    limit?.stop();
    idle?.stop();
  };
  const tick = () => idle?.restart();
  try {
    const res = (await next({ ...req, signal, message: tapped(req.message, tick) })) as StreamResponse;
    return { ...res, message: tapped(res.message, tick, stop) };
  } catch (error) {
    stop();
    throw error;
  }
}

/** Yields the same messages, calling back for each of them and when they end for whatever reason. */
async function* tapped<T>(messages: AsyncIterable<T>, onMessage: () => void, onEnd?: () => void): AsyncIterable<T> {
  try {
    for await (const message of messages) {
      onMessage();
      yield message;
    }
  } finally {
    onEnd?.();
  }
}

function assertPositive(limits: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (value !== undefined && !(typeof value === "number" && value > 0)) {
      throw new RangeError(`${name} must be more than 0 ms, not ${shown(value)}`);
    }
  }
}
