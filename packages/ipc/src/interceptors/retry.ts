import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { wasNotProcessed } from "../grpc/index.js";
import { shown } from "../option-checks.js";
import { pause } from "../time/pause.js";
import { remainingMs } from "../time/signal-deadline.js";
import { connectErrorFrom } from "../user-code/thrown.js";
import { attemptsKey } from "./attempts.js";
import { assertMethodNames, type ByMethod, settingFor } from "./method-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";

/** How calls are repeated, in the words of gRFC A6 (https://github.com/grpc/proposal/blob/master/A6-client-retries.md). */
export interface RetryPolicy {
  /** How often a call is tried at most, the first time included. Default: 4. */
  readonly maxAttempts?: number | undefined;
  /** The pause before the second attempt, in milliseconds, give or take 20 %. Default: 20. */
  readonly initialBackoffMs?: number | undefined;
  /** The longest pause, in milliseconds. Default: 1,000. */
  readonly maxBackoffMs?: number | undefined;
  /** By how much a pause is longer than the one before. Default: 3. */
  readonly backoffMultiplier?: number | undefined;
  /** The codes after which it is worth trying again. Default: Unavailable. */
  readonly retryableCodes?: readonly Code[] | undefined;
}

export interface RetryOptions extends RetryPolicy {
  /**
   * Other policies for some services and methods; what they leave out is as above. To name a method here is to say that
   * it may be repeated after its `retryableCodes`, whatever proto says of it. `false`: it is never repeated.
   */
  readonly methods?: ByMethod<RetryPolicy | false> | undefined;
  /** The budget of retries: what is in it at the beginning, and at most. A failed attempt takes 1. Default: 100. */
  readonly maxTokens?: number | undefined;
  /** What a call that succeeds puts back. No call is repeated while half of the budget or less is left. Default: 0.1. */
  readonly tokenRatio?: number | undefined;
  /** How many bytes of a stream's requests, and 128 for each, are kept for another attempt; beyond that there is none. Default: 262,144. */
  readonly maxBufferBytes?: number | undefined;
}

/** The header in which an attempt says how many there were before it. */
export const previousAttemptsHeader = "grpc-previous-rpc-attempts";
/** The trailer in which a server says when to come back, in milliseconds; never, if it is negative. */
export const pushbackTrailer = "grpc-retry-pushback-ms";

/**
 * An interceptor that repeats calls that failed, where that is safe.
 *
 * It is safe if the call was certainly not processed (the cause is a `NotProcessedError`), or if proto says that its
 * method is idempotent or has no side effects, or if `methods` says so. Otherwise a call is never repeated. Nor is it once
 * the server has begun to answer a stream, when the pause would outlast the deadline, or when the budget is spent, which
 * is shared by all calls through this interceptor.
 */
export function retry(options: RetryOptions = {}): Interceptor {
  const { maxTokens = 100, tokenRatio = 0.1, maxBufferBytes = 256 * 1024 } = options;
  const common = completed(options);
  const policies = Object.fromEntries(
    Object.entries(options.methods ?? {}).map(([name, own]) => [name, own && completed({ ...options, ...own })]),
  );
  assertMethodNames(policies, "methods");
  const budget = new Budget(maxTokens, tokenRatio);

  return (next) => async (req) => {
    const named = settingFor(policies, req.method);
    if (named === false) {
      return next(req);
    }
    const policy = named ?? common;
    const attempts = req.contextValues.get(attemptsKey);
    const mayRepeat = named !== undefined || isIdempotent(req);
    const buffer = req.stream ? new ReplayBuffer(req.message, req.method.input, maxBufferBytes) : undefined;
    for (let attempt = 1, pauses = 0; ; attempt++) {
      try {
        const res = await next(attemptOf(req, attempt, buffer));
        budget.succeeded();
        buffer?.commit();
        return res;
      } catch (reason) {
        const error = connectErrorFrom(reason);
        const pushbackMs = pushbackOf(error);
        const isWorthIt = mayRepeat && policy.retryableCodes.includes(error.code);
        const isSafe = wasNotProcessed(error) && error.code === Code.Unavailable;
        const isAllowed = isSafe || (isWorthIt && budget.failed());
        if (!isAllowed || attempt >= policy.maxAttempts || pushbackMs < 0 || buffer?.isIncomplete) {
          throw reason;
        }
        // A server that says when to come back starts the count of pauses anew.
        pauses = Number.isNaN(pushbackMs) ? pauses + 1 : 0;
        const pauseMs = Number.isNaN(pushbackMs) ? backoffMs(policy, pauses) : pushbackMs;
        if ((remainingMs(req.signal) ?? Number.POSITIVE_INFINITY) <= pauseMs) {
          throw reason;
        }
        attempts?.onFailed(error);
        await pause(pauseMs, req.signal);
        attempts?.onAgain();
      }
    }
  };
}

/** gRFC A6's retry throttling: a server in trouble is not helped by asking it more often. */
class Budget {
  #tokens: number;

  constructor(
    private readonly max: number,
    private readonly ratio: number,
  ) {
    if (!(max > 0 && ratio > 0)) {
      throw new RangeError(`maxTokens and tokenRatio must be more than 0, not ${max} and ${ratio}`);
    }
    this.#tokens = max;
  }

  succeeded(): void {
    this.#tokens = Math.min(this.max, this.#tokens + this.ratio);
  }

  /** Takes note of a failure, and tells whether there is anything left for another attempt. */
  failed(): boolean {
    this.#tokens = Math.max(0, this.#tokens - 1);
    return this.#tokens > this.max / 2;
  }
}

type Policy = Required<{ [K in keyof RetryPolicy]: NonNullable<RetryPolicy[K]> }>;

function completed(policy: RetryPolicy): Policy {
  const full = {
    maxAttempts: policy.maxAttempts ?? 4,
    initialBackoffMs: policy.initialBackoffMs ?? 20,
    maxBackoffMs: policy.maxBackoffMs ?? 1_000,
    backoffMultiplier: policy.backoffMultiplier ?? 3,
    retryableCodes: policy.retryableCodes ?? [Code.Unavailable],
  };
  for (const [name, value] of Object.entries(full)) {
    if (name !== "retryableCodes" && !(typeof value === "number" && value > 0)) {
      throw new RangeError(`${name} must be more than 0, not ${shown(value)}`);
    }
  }
  return full;
}

function backoffMs({ initialBackoffMs, maxBackoffMs, backoffMultiplier }: Policy, pauses: number): number {
  const jitter = 0.8 + Math.random() * 0.4;
  return Math.min(maxBackoffMs, initialBackoffMs * backoffMultiplier ** (pauses - 1)) * jitter;
}

function isIdempotent({ method }: UnaryRequest | StreamRequest): boolean {
  return method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
}

/** What the server said of when to come back; NaN if it said nothing, and «never» for what nobody can read (gRFC A6). */
function pushbackOf(error: ConnectError): number {
  const value = error.metadata.get(pushbackTrailer);
  if (value === null) {
    return Number.NaN;
  }
  return /^\d+$/.test(value) ? Number(value) : -1;
}

/** The request of one attempt, with headers of its own: interceptors further in may add to them each time. */
function attemptOf<R extends UnaryRequest | StreamRequest>(
  req: R,
  attempt: number,
  buffer: ReplayBuffer<unknown> | undefined,
): R {
  const header = new Headers(req.header);
  if (attempt > 1) {
    header.set(previousAttemptsHeader, String(attempt - 1));
  }
  return buffer === undefined ? { ...req, header } : { ...req, header, message: buffer.replay() };
}
