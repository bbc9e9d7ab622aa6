import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import type { AttemptObserver } from "../../../interceptors/attempts.js";
import type { Abortable } from "../../../time/lazy-signal.js";
import { waitForReady } from "../../wait-for-ready.js";
import type { Method } from "./method.js";

/** What a caller has asked for, except for the messages. */
export interface CallSpec {
  readonly method: Method;
  readonly signal: Abortable | undefined;
  /**
   * The timeout that the call itself enforces, in milliseconds from now; undefined without one, or if the signal
   * enforces it.
   */
  readonly timeoutMs: number | undefined;
  /**
   * The remaining time of a deadline that the signal enforces, in milliseconds, for `grpc-timeout`. If it is a whole
   * number, many calls share it.
   */
  readonly signalTimeoutMs: number | undefined;
  /** The metadata to send, as a flat list: name, value, name, value. */
  readonly metadata: readonly string[];
  /** How long a stream may go without a message, in milliseconds; undefined for no limit. */
  readonly idleMs: number | undefined;
  /** Whether to wait for a server that is not reachable: gRPC's wait-for-ready. */
  readonly waitForReady: boolean;
  /** Is told the sizes of a unary call's messages; undefined if nobody asks. */
  readonly observer: AttemptObserver | undefined;
}

/**
 * Tells whether a call waits for a server that is not reachable: the call's own setting, or else that of the channel.
 */
export function waitsForReady(values: ContextValues | undefined, byDefault: boolean): boolean {
  return values?.get(waitForReady) ?? byDefault;
}

/** Returns the timeout if it is positive; Connect treats 0 or less as not set. */
export function positiveTimeout(timeoutMs: number | undefined): number | undefined {
  return timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
}

/** Returns the timeout of a call without a policy: its own, where `Infinity` means none. */
export function ownTimeout(_: DescMethod, timeoutMs: number | undefined): number | undefined {
  return timeoutMs === Number.POSITIVE_INFINITY ? undefined : timeoutMs;
}
