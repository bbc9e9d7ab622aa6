import { Code } from "@connectrpc/connect";

/**
 * The names of the status codes by number, as gRPC writes them:
 * https://grpc.github.io/grpc/core/md_doc_statuscodes.html.
 */
export const statusNames = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** The name of a status code, as gRPC writes it. */
export type StatusName = (typeof statusNames)[number];

/** Returns the status name of a call's outcome: that of the error's code, or OK without an error. */
export function statusName(error: { readonly code: Code } | undefined): StatusName {
  return error === undefined ? "OK" : (statusNames[error.code || Code.Unknown] ?? "UNKNOWN");
}

/**
 * Tells whether this status counts as an error of the server, by OpenTelemetry's semantic conventions for gRPC:
 * https://opentelemetry.io/docs/specs/semconv/rpc/grpc/.
 */
export function isServerFault(code: Code): boolean {
  return serverFaults.has(code);
}

const serverFaults: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);
