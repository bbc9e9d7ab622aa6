import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { FieldHeaders, wasNotProcessed } from "../grpc/index.js";
import { shown } from "../option-checks.js";
import { pause } from "../time/pause.js";
import { remainingMs } from "../time/signal-deadline.js";
import { connectErrorFrom } from "../user-code/thrown.js";
import { attemptsKey } from "./attempts.js";
import { assertMethodNames, type ByMethod, settingFor } from "./method-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { abortableOf, derive } from "./request.js";

/**
 * How calls are retried, in the terms of gRFC A6 (https://github.com/grpc/proposal/blob/master/A6-client-retries.md).
 */
export interface RetryPolicy {
  /** The maximum number of attempts, including the first. Default: 4. */
  readonly maxAttempts?: number | undefined;
  /** The backoff before the second attempt, in milliseconds, with a jitter of ±20 %. Default: 20. */
  readonly initialBackoffMs?: number | undefined;
  /** The longest backoff, in milliseconds. Default: 1,000. */
  readonly maxBackoffMs?: number | undefined;
  /** The factor by which the backoff grows with each attempt. Default: 3. */
  readonly backoffMultiplier?: number | undefined;
  /** The status codes after which a call may be retried. Default: Unavailable. */
  readonly retryableCodes?: readonly Code[] | undefined;
}

/** The options of `retry()`: a common policy, the policies of single methods, and the budget for all of them. */
export interface RetryOptions extends RetryPolicy {
  /**
   * The policies of single methods and services, by `"package.Service/Method"` or `"package.Service"`; options that a
   * policy omits are taken from the common one. Naming a method here declares that it is safe to retry it after its
   * `retryableCodes`, whatever its idempotency level in proto. `false` means that the method is never retried.
   */
  readonly methods?: ByMethod<RetryPolicy | false> | undefined;
  /**
   * The size of the retry budget, in tokens, which is full at the beginning; a failed attempt takes one token. No call
   * is retried while half of the budget or less is left. Default: 100.
   */
  readonly maxTokens?: number | undefined;
  /** The tokens that a successful call puts back. Default: 0.1. */
  readonly tokenRatio?: number | undefined;
  /**
   * How much of a stream's requests is kept for another attempt, in bytes, counting 128 more for each message. A stream
   * with more is not retried. Default: 262,144.
   */
  readonly maxBufferBytes?: number | undefined;
}

/** The header in which an attempt says how many attempts preceded it (gRFC A6). */
export const previousAttemptsHeader = "grpc-previous-rpc-attempts";
/** The trailer in which a server says after how many milliseconds to retry; a negative value forbids it (gRFC A6). */
export const pushbackTrailer = "grpc-retry-pushback-ms";

/**
 * Creates an interceptor that retries failed calls where that is safe.
 *
 * It is safe if the call was certainly not processed (a cause of the error is a `NotProcessedError`), if proto declares
 * the method idempotent or free of side effects, or if `methods` declares it safe. Otherwise a call is not retried. Nor
 * is it retried after the server has begun to answer a stream, if the backoff would exceed the deadline, or while the
 * retry budget is exhausted, which all calls through this interceptor share.
 *
 * @throws {RangeError} for a number that is not more than 0.
 * @throws {TypeError} for an invalid name in `methods`.
 */
export function retry(options: RetryOptions = {}): Interceptor {
  const { maxTokens = 100, tokenRatio = 0.1, maxBufferBytes = 256 * 1024 } = options;
  const common = completed(options);
  const policies =
    options.methods &&
    Object.fromEntries(
      Object.entries(options.methods).map(([name, own]) => [name, own && completed({ ...options, ...own })]),
    );
  assertMethodNames(policies, "methods");
  const budget = new Budget(maxTokens, tokenRatio);

  return (next) => async (req) => {
    const named = settingFor(policies, req.method);
    if (named === false) {
      return next(req);
    }
    const policy = named ?? common;
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
        // A server's pushback restarts the sequence of backoffs.
        pauses = Number.isNaN(pushbackMs) ? pauses + 1 : 0;
        const pauseMs = Number.isNaN(pushbackMs) ? backoffMs(policy, pauses) : pushbackMs;
        if ((remainingMs(abortableOf(req)) ?? Number.POSITIVE_INFINITY) <= pauseMs) {
          throw reason;
        }
        const attempts = req.contextValues.get(attemptsKey);
        attempts?.onFailed(error);
        await pause(pauseMs, req.signal);
        attempts?.onAgain();
      }
    }
  };
}

/** The retry budget, gRFC A6's retry throttling: more requests do not help a server in trouble. */
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

  /** Records a failure and tells whether the budget allows another attempt. */
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

/**
 * Returns the server's pushback in milliseconds; NaN if it sent none, and -1 ("never") if the value cannot be parsed
 * (gRFC A6).
 */
function pushbackOf(error: ConnectError): number {
  const value = error.metadata.get(pushbackTrailer);
  if (value === null) {
    return Number.NaN;
  }
  return /^\d+$/.test(value) ? Number(value) : -1;
}

/** Returns the request of one attempt, with its own headers: inner interceptors may add to them in each attempt. */
function attemptOf<R extends UnaryRequest | StreamRequest>(
  req: R,
  attempt: number,
  buffer: ReplayBuffer<unknown> | undefined,
): R {
  const header = FieldHeaders.copy(req.header);
  if (attempt > 1) {
    header.set(previousAttemptsHeader, String(attempt - 1));
  }
  return derive(req, buffer === undefined ? { header } : { header, message: buffer.replay() as R["message"] });
}
