import type { ConnectError } from "@connectrpc/connect";
import { type Attributes, type Span, SpanStatusCode, type TextMapGetter, type TextMapSetter } from "@opentelemetry/api";
import { isServerFault, statusName } from "../grpc/index.js";

/** Returns a span's attributes, named by OpenTelemetry's semantic conventions for RPC and networks. */
export function spanAttributes(method: string, target: string | undefined): Attributes {
  return {
    "rpc.system.name": "grpc",
    "rpc.method": method,
    "network.transport": "unix",
    ...(target !== undefined && { "server.address": target.replace(/^unix:/, "") }),
  };
}

/** Ends a span. On a client every error marks the span as failed; on a server only errors of the server itself do. */
export function endSpan(span: Span, isServer: boolean, error: ConnectError | undefined): void {
  if (span.isRecording()) {
    const status = statusName(error);
    span.setAttribute("rpc.response.status_code", status);
    if (error !== undefined && (!isServer || isServerFault(error.code))) {
      span.setAttribute("error.type", status);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.rawMessage });
      if (isServer && error.cause instanceof Error) {
        span.recordException(error.cause);
      }
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
