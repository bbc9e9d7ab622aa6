import type { Interceptor } from "@connectrpc/connect";
import type { CommonTransportOptions, UniversalClientFn } from "@connectrpc/connect/protocol";
import type { ResolvedOptions } from "../../resolve-options.js";
import { innermost } from "./innermost-interceptor.js";
import { withGrpcStatus } from "./response-status.js";
import { transparentRetry } from "./transparent-retry.js";

/** What peers are told they are called, as an origin. */
export function originOf({ authority }: ResolvedOptions): string {
  return `http://${authority}`;
}

/**
 * The options of Connect's gRPC transport over an HTTP client of ours.
 *
 * @param aroundCall stands between the interceptors of the user and what is made anew
 * @param aroundAttempt stands around each attempt
 */
export function transportOptions(
  options: ResolvedOptions,
  httpClient: UniversalClientFn,
  aroundCall: readonly Interceptor[],
  aroundAttempt: readonly Interceptor[] = [],
): CommonTransportOptions {
  const isBinary = options.useBinaryFormat;
  return {
    httpClient: withGrpcStatus(withUserAgent(options.userAgent, httpClient), isBinary),
    baseUrl: originOf(options),
    interceptors: [...options.interceptors, ...aroundCall, transparentRetry, ...aroundAttempt, innermost],
    useBinaryFormat: isBinary,
    acceptCompression: [...options.acceptCompression],
    sendCompression: options.sendCompression,
    compressMinBytes: options.compressMinBytes,
    readMaxBytes: options.readMaxBytes,
    writeMaxBytes: options.writeMaxBytes,
    ...(options.jsonOptions !== undefined && { jsonOptions: options.jsonOptions }),
    ...(options.binaryOptions !== undefined && { binaryOptions: options.binaryOptions }),
  };
}

/** Where a call says nothing of its own, Connect does: what this library is called is said instead. */
function withUserAgent(userAgent: string, send: UniversalClientFn): UniversalClientFn {
  return (request) => {
    if (request.header.get("user-agent")?.startsWith("connect-es/")) {
      request.header.set("user-agent", userAgent);
    }
    return send(request);
  };
}
