import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import { waitForReady } from "../../wait-for-ready.js";
import type { Method } from "./method.js";

/** What a caller has asked for, but for the messages. */
export interface CallSpec {
  readonly method: Method;
  readonly signal: AbortSignal | undefined;
  /** The deadline that the call keeps by itself, in milliseconds from now; undefined where there is none, or the signal keeps it. */
  readonly timeoutMs: number | undefined;
  /** Where the signal keeps the deadline: what is left of it, in milliseconds, for `grpc-timeout`. */
  readonly signalTimeoutMs: number | undefined;
  /** Metadata to send: name, value, name, value … */
  readonly metadata: readonly string[];
  /** gRPC's wait-for-ready: whether to wait for a server that is not there. */
  readonly waitForReady: boolean;
}

/** Whether a call waits for a server that is not there: as it says itself, or else as its channel does. */
export function waitsForReady(values: ContextValues | undefined, byDefault: boolean): boolean {
  return values?.get(waitForReady) ?? byDefault;
}

/** Connect reads a time limit of 0 or less as none. */
export function positiveTimeout(timeoutMs: number | undefined): number | undefined {
  return timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
}

/** The time limit of a call where no policy gives it one: its own; `Infinity` is none. */
export function ownTimeout(_: DescMethod, timeoutMs: number | undefined): number | undefined {
  return timeoutMs === Number.POSITIVE_INFINITY ? undefined : timeoutMs;
}
