// The cases, in the order in which a client runs them over one connection. Every peer's client has a function of the
// same name for each case.

import type { TappedCall } from "./tap.js";

export interface Case {
  readonly name: string;
  /** A sentence on what the case shows. */
  readonly says: string;
  /** Whether it is one of gRPC's own: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md */
  readonly isGrpcs: boolean;
  /** The messages that were compressed. */
  readonly flags?: CompressionCheck;
}

export type CompressionCheck = (calls: readonly TappedCall[], isProbing: boolean) => Flags;

/**
 * What the wire shows in a case of compression: the messages were compressed as gRPC describes; or only calls as a
 * whole were compressed, and not single messages; or something else.
 */
export type Flags = "message" | "call" | "wrong";

export const cases: readonly Case[] = [
  grpcs("empty_unary", "An empty request gets an empty response."),
  grpcs("large_unary", "Request and response are larger than a flow-control window."),
  grpcs("client_streaming", "Four requests get one response."),
  grpcs("server_streaming", "One request gets four responses."),
  grpcs("ping_pong", "Requests and responses alternate on one stream."),
  grpcs("empty_stream", "A stream has no messages in either direction."),
  grpcs("client_compressed_unary", "A request is compressed, and another is not.", (calls, isProbing) =>
    flags(calls, "requests", isProbing ? [[0], [1], [0]] : [[1], [0]]),
  ),
  grpcs(
    "client_compressed_streaming",
    "One request of a stream is compressed, and another is not.",
    (calls, isProbing) =>
      flags(calls, "requests", isProbing ? [[0], [1, 0]] : [[1, 0]], isProbing ? [[0], [1, 1]] : [[1, 1]]),
  ),
  grpcs("server_compressed_unary", "Responses are compressed or not, as the requests ask.", (calls) =>
    flags(calls, "responses", [[1], [0]], [[1], [1]]),
  ),
  grpcs("server_compressed_streaming", "Responses of a stream are compressed or not, as the request asks.", (calls) =>
    flags(calls, "responses", [[1, 0]], [[1, 1]]),
  ),
  grpcs("custom_metadata", "A header and a binary trailer arrive."),
  grpcs("status_code_and_message", "A status and its message arrive, for a unary call and for a stream."),
  grpcs("special_status_message", "A status message with white space and Unicode arrives."),
  grpcs("unimplemented_method", "A call of an unknown method fails with UNIMPLEMENTED."),
  grpcs("unimplemented_service", "A call of an unknown service fails with UNIMPLEMENTED."),
  grpcs("cancel_after_begin", "A call that is cancelled before its first request ends with CANCELLED."),
  grpcs("cancel_after_first_response", "A stream that is cancelled after its first response ends with CANCELLED."),
  grpcs("timeout_on_sleeping_server", "A stream on which the server is silent ends with DEADLINE_EXCEEDED."),
  ours("four_mb_unary", "4 MB are sent in each direction, with the default limits of every peer."),
  ours("four_mb_stream", "Four times 4 MB are sent in each direction on one stream."),
  ours("concurrent_calls", "200 calls run at once on one connection."),
  ours("metadata_unary", "Repeated, binary and empty metadata arrives as headers, as trailers, and at the server."),
  ours("metadata_stream", "Repeated, binary and empty metadata arrives on a stream."),
  ours("metadata_on_error", "Repeated, binary and empty metadata arrives for a call that fails."),
  ours("error_details", "A google.rpc.Status arrives in grpc-status-details-bin."),
  ours("error_details_stream", "A google.rpc.Status arrives after three responses of a stream."),
  ours("status_before_half_close", "A status arrives before the client has ended its requests."),
  ours("status_during_upload", "A status arrives while the client is sending 8 MB."),
  ours("cancel_seen_unary", "The handler of a unary call notices that the client has cancelled it."),
  ours("cancel_seen_stream", "The handler of a stream notices that the client has cancelled it."),
  ours("deadline_of_client", "A call ends with DEADLINE_EXCEEDED after 300 ms, and its handler notices."),
  ours("deadline_on_wire", "The handler is told how much time is left."),
  ours(
    "server_gone_and_back",
    "Calls fail with UNAVAILABLE after the server was killed. The same channel works when it is back.",
  ),
  ours("clean_exit", "Our client ends by itself and our server on SIGTERM, and no socket file is left."),
  ours("quiet", "Our side writes nothing to standard error."),
];

/** The cases that no client runs: the runner observes them from outside. */
export const observedCases: readonly string[] = ["clean_exit", "quiet"];

function grpcs(name: string, says: string, flags?: CompressionCheck): Case {
  return { name, says, isGrpcs: true, ...(flags && { flags }) };
}

function ours(name: string, says: string): Case {
  return { name, says, isGrpcs: false };
}

/**
 * @param byMessage the flags of each call's messages if each message was compressed as asked for
 * @param byCall the flags if only whole calls were compressed
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
