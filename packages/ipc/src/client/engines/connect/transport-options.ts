import type { Interceptor } from "@connectrpc/connect";
import type { CommonTransportOptions, UniversalClientFn } from "@connectrpc/connect/protocol";
import type { ResolvedOptions } from "../../resolve-options.js";
import { innermost } from "./innermost-interceptor.js";
import { withGrpcStatus } from "./response-status.js";
import { transparentRetry } from "./transparent-retry.js";

/** Returns the origin whose host peers receive as `:authority`. */
export function originOf({ authority }: ResolvedOptions): string {
  return `http://${authority}`;
}

/**
 * Returns the options of Connect's gRPC transport over an HTTP client of this package.
 *
 * @param aroundCall interceptors between those of the user and transparent retries
 * @param aroundAttempt interceptors around each attempt
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

/**
 * Wraps an HTTP client so that requests name this library as their `user-agent`, unless the call sets one. Connect sets
 * its own then.
 */
function withUserAgent(userAgent: string, send: UniversalClientFn): UniversalClientFn {
  return (request) => {
    if (request.header.get("user-agent")?.startsWith("connect-es/")) {
      request.header.set("user-agent", userAgent);
    }
    return send(request);
  };
}
