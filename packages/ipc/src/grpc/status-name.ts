import { Code } from "@connectrpc/connect";

/** The status codes by number, as gRPC writes them: https://grpc.github.io/grpc/core/md_doc_statuscodes.html. */
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

export type StatusName = (typeof statusNames)[number];

/** What a call ended with: the name of an error's code, or OK. */
export function statusName(error: { readonly code: Code } | undefined): StatusName {
  return error === undefined ? "OK" : (statusNames[error.code || Code.Unknown] ?? "UNKNOWN");
}

/** Whether a server that answers with this code is itself to blame, as OpenTelemetry's conventions for gRPC see it. */
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
