import type { ConnectError } from "@connectrpc/connect";
import {
  type Context,
  INVALID_TRACEID,
  type Span,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import { isServerFault, statusName } from "../grpc/index.js";

/**
 * Returns the context in which a new span is the active one. If the span adds nothing, since no tracer is installed, it
 * is the context in which the span was started: entering another one costs each call a Map and its promises' tracking.
 */
export function contextWith(span: Span, outer: Context): Context {
  const own = span.spanContext();
  const parent = trace.getSpanContext(outer);
  return own === parent || (parent === undefined && own.traceId === INVALID_TRACEID)
    ? outer
    : trace.setSpan(outer, span);
}

/**
 * Ends a span, unless it is not recorded. On a client every error marks the span as failed; on a server only errors of
 * the server itself do.
 */
export function endSpan(span: Span, isServer: boolean, error: ConnectError | undefined): void {
  if (!span.isRecording()) {
    return;
  }
  const status = statusName(error);
  span.setAttribute("rpc.response.status_code", status);
  if (error !== undefined && (!isServer || isServerFault(error.code))) {
    span.setAttribute("error.type", status);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.rawMessage });
    if (isServer && error.cause instanceof Error) {
      span.recordException(error.cause);
    }
  }
  span.end();
}

export const headerSetter: TextMapSetter<Headers> = {
  set: (header, name, value) => header.set(name, value),
};

export const headerGetter: TextMapGetter<Headers> = {
  get: (header, name) => header.get(name) ?? undefined,
  keys: (header) => [...header.keys()],
};
