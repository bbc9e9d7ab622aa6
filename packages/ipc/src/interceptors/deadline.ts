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
import { deadlineExceeded, noteDeadline, startDeadline } from "../time/signal-deadline.js";
import { assertMethodNames, type ByMethod, settingFor } from "./method-policy.js";

/** The time limit of a unary call that sets none, in milliseconds. */
export const defaultTimeoutMs = 5_000;

/** Limits of any length; `Infinity` is none. What is not more than 0 is refused. */
export interface DeadlineOptions {
  /** The time limit of a unary call that sets none itself, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Other limits for some services and methods, in milliseconds; for streaming methods too, which have none otherwise. */
  readonly methodTimeoutMs?: ByMethod<number> | undefined;
  /** The ceiling: no call may ask for more, in milliseconds. Default: none. */
  readonly maxTimeoutMs?: number | undefined;
  /** For how long a stream may go without a message either way, in milliseconds. Default: for ever. */
  readonly streamIdleMs?: number | undefined;
}

/**
 * An interceptor that gives every unary call a deadline, and streams one where asked. Put it first, so that what comes
 * after it, retries included, happens within the deadline.
 *
 * A call's own `timeoutMs` wins, up to the ceiling. (Connect reads 0 or less as «none given»: the default then holds.) At
 * the deadline the call fails with DeadlineExceeded, and the server is told to stop; the wire's `grpc-timeout` is what
 * remained when the attempt was made.
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
 * The time limit of a call by its method and the limit that it asks for itself, in milliseconds; undefined for none.
 *
 * @throws {RangeError | TypeError} for limits and names that cannot be meant.
 */
export function timeoutPolicy(
  options: DeadlineOptions,
): (method: DescMethod, ownTimeoutMs: number | undefined) => number | undefined {
  const { maxTimeoutMs = Number.POSITIVE_INFINITY, methodTimeoutMs, streamIdleMs } = options;
  const unaryTimeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  assertPositive({ timeoutMs: unaryTimeoutMs, maxTimeoutMs, streamIdleMs });
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
    const limitMs = wanted === undefined ? Number.POSITIVE_INFINITY : Math.min(wanted, maxTimeoutMs);
    return limitMs === Number.POSITIVE_INFINITY ? undefined : limitMs;
  };
}

/**
 * The options for the calls that a handler makes: what remains of its own time, and its cancellation. Spread it into
 * others: `client.getStatus({}, { ...inherit(ctx), headers })`.
 *
 * Calls made with the options of a handler whose time is up fail at once with DeadlineExceeded.
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

async function limitUnary(next: Next, req: UnaryRequest, timeoutMs: number): Promise<UnaryResponse> {
  const limit = startDeadline(req.signal, timeoutMs, "deadline");
  noteDeadline(limit.signal, timeoutMs);
  req.header.set(timeoutHeader, formatTimeout(timeoutMs));
  try {
    // An interceptor further in that never answers does not keep the caller waiting.
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
    noteDeadline(signal, timeoutMs);
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

/** The same messages, with a note taken of each, and of the end however it comes. */
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
