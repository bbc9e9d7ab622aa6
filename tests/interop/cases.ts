// The cases, in the order in which a client runs them over one connection. What each does is written down in every
// peer's client under the same name.

import type { TappedCall } from "./tap.js";

export interface Case {
  readonly name: string;
  /** What the case shows, in a few words. */
  readonly says: string;
  /** Whether it is one of gRPC's own: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md */
  readonly isGrpcs: boolean;
  /** Which messages were compressed. */
  readonly flags?: CompressionCheck;
}

export type CompressionCheck = (calls: readonly TappedCall[], isProbing: boolean) => Flags;

/**
 * What the wire shows of a case of compression: all that gRPC describes; only that a call's messages were compressed,
 * but not one by one as asked for; or something else.
 */
export type Flags = "message" | "call" | "wrong";

export const cases: readonly Case[] = [
  grpcs("empty_unary", "an empty message each way"),
  grpcs("large_unary", "messages beyond a flow-control window"),
  grpcs("client_streaming", "four requests, one response"),
  grpcs("server_streaming", "one request, four responses"),
  grpcs("ping_pong", "request and response in turns on one stream"),
  grpcs("empty_stream", "a stream of no messages either way"),
  grpcs("client_compressed_unary", "requests compressed or not", (calls, isProbing) =>
    flags(calls, "requests", isProbing ? [[0], [1], [0]] : [[1], [0]]),
  ),
  grpcs("client_compressed_streaming", "the same within a stream", (calls, isProbing) =>
    flags(calls, "requests", isProbing ? [[0], [1, 0]] : [[1, 0]], isProbing ? [[0], [1, 1]] : [[1, 1]]),
  ),
  grpcs("server_compressed_unary", "responses compressed as asked for", (calls) =>
    flags(calls, "responses", [[1], [0]], [[1], [1]]),
  ),
  grpcs("server_compressed_streaming", "the same within a stream", (calls) =>
    flags(calls, "responses", [[1, 0]], [[1, 1]]),
  ),
  grpcs("custom_metadata", "a header and a binary trailer"),
  grpcs("status_code_and_message", "a status with its message, unary and stream"),
  grpcs("special_status_message", "a message with white space and Unicode"),
  grpcs("unimplemented_method", "UNIMPLEMENTED for a method"),
  grpcs("unimplemented_service", "UNIMPLEMENTED for a service"),
  grpcs("cancel_after_begin", "CANCELLED before the first request"),
  grpcs("cancel_after_first_response", "CANCELLED in the middle of a stream"),
  grpcs("timeout_on_sleeping_server", "DEADLINE_EXCEEDED on a silent stream"),
  ours("four_mb_unary", "4 MB each way, with every peer's default limits"),
  ours("four_mb_stream", "four times 4 MB each way on one stream"),
  ours("concurrent_calls", "200 calls at once on one connection"),
  ours("metadata_unary", "repeated, binary and empty metadata: headers, trailers, and as the server sees it"),
  ours("metadata_stream", "the same on a stream"),
  ours("metadata_on_error", "the same on a call that fails"),
  ours("error_details", "a google.rpc.Status in grpc-status-details-bin"),
  ours("error_details_stream", "the same after three responses"),
  ours("status_before_half_close", "a status while the client has not ended its requests"),
  ours("status_during_upload", "a status while the client is sending 8 MB"),
  ours("cancel_seen_unary", "the handler sees that the client has cancelled"),
  ours("cancel_seen_stream", "the same on a stream"),
  ours("deadline_of_client", "DEADLINE_EXCEEDED after 300 ms, and the handler sees it"),
  ours("deadline_on_wire", "the handler sees how much time is left"),
  ours("server_gone_and_back", "UNAVAILABLE when the server was killed; the same channel works when it is back"),
  ours("clean_exit", "our side ends by itself, a server on SIGTERM; no socket file is left"),
  ours("quiet", "our side wrote nothing to standard error"),
];

/** Those that no client runs: the runner sees them from outside. */
export const observedCases: readonly string[] = ["clean_exit", "quiet"];

function grpcs(name: string, says: string, flags?: CompressionCheck): Case {
  return { name, says, isGrpcs: true, ...(flags && { flags }) };
}

function ours(name: string, says: string): Case {
  return { name, says, isGrpcs: false };
}

/**
 * Compares the flags of a call's messages on one side.
 *
 * @param byMessage the flags if each message was compressed as asked for
 * @param byCall the flags if only whole calls were
 */
function flags(
  calls: readonly TappedCall[],
  side: keyof TappedCall,
  byMessage: readonly number[][],
  byCall?: readonly number[][],
): Flags {
  const seen = JSON.stringify(calls.map((call) => call[side]));
  if (seen === JSON.stringify(byMessage)) {
    return "message";
  }
  return seen === JSON.stringify(byCall) ? "call" : "wrong";
}
