import type { StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { FieldHeaders, fieldsOf, listOf, parseTimeout, timeoutHeader } from "../../../grpc/index.js";
import { attemptsKey } from "../../../interceptors/attempts.js";
import { abortableOf } from "../../../interceptors/request.js";
import type { Abortable } from "../../../time/lazy-signal.js";
import { deadlineExceeded, remainingMs } from "../../../time/signal-deadline.js";
import { type CallSpec, waitsForReady } from "./call-spec.js";
import type { Core } from "./core.js";
import type { Method } from "./method.js";

export type HeadersInit = ConstructorParameters<typeof Headers>[0];

/**
 * Creates the headers of a request as interceptors see them.
 *
 * @param known the fields of the method's requests
 * @param given what the caller has passed as headers
 */
export function requestHeader(known: readonly string[], given: HeadersInit): FieldHeaders {
  if (given === undefined) {
    return new FieldHeaders(known);
  }
  const list = listOf(given);
  const header = new FieldHeaders(known, list);
  for (let i = 0; i < known.length; i += 2) {
    if (list.includes(known[i] as string)) {
      header.set(known[i] as string, known[i + 1] as string);
    }
  }
  return header;
}

/** What is known of a call's attempts before they are made. */
export interface KnownParts {
  /** The fields at the beginning of the headers that are not metadata. */
  readonly fields: readonly string[];
  /** The timeout of the whole call, in milliseconds; undefined without one. */
  readonly timeoutMs: number | undefined;
  /** The signal that enforces it, if all of it is left. */
  readonly whole: Abortable | undefined;
}

/** Creates the description of one attempt. @throws {ConnectError} DeadlineExceeded if no time is left */
export function interceptedSpec(
  core: Core,
  method: Method,
  request: UnaryRequest | StreamRequest,
  known: KnownParts,
): CallSpec {
  const { header, contextValues } = request;
  const signal = abortableOf(request);
  const leftMs = signal === known.whole && signal?.deadlineAt !== undefined ? known.timeoutMs : remainingMs(signal);
  if (leftMs !== undefined && leftMs <= 0) {
    throw deadlineExceeded("deadline", 0);
  }
  return {
    method,
    signal,
    timeoutMs: undefined,
    // If the signal has no deadline, an interceptor may have set a timeout for the server alone.
    signalTimeoutMs:
      leftMs === undefined ? parseTimeout(header.get(timeoutHeader) ?? "") : wholeIfNearly(leftMs, known),
    metadata: fieldsOf(header, known.fields),
    idleMs: undefined,
    waitForReady: waitsForReady(contextValues, core.options.waitForReady),
    observer: contextValues.get(attemptsKey),
  };
}

/**
 * Returns the whole timeout of the call if hardly any of it has passed, since it is part of a header block that many
 * calls share.
 */
function wholeIfNearly(leftMs: number, { timeoutMs }: KnownParts): number {
  return timeoutMs !== undefined && leftMs < timeoutMs && timeoutMs - leftMs < 1 ? timeoutMs : leftMs;
}
