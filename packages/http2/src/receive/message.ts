import type { Connection } from "../connection/connection.js";
import { ErrorCode } from "../errors.js";
import type { HeaderList } from "../hpack/header-list.js";
import { mayReceive, StreamState } from "../stream/state.js";
import type { Stream } from "../stream/stream.js";
import { contentLengthOf, extraProblem, ListRole, listProblem } from "./message-rules.js";

/** A list's problem, whatever its role, that makes its message malformed (RFC 9113 §8.1.1); null when there is none. */
export function problemOf(list: HeaderList, extra: readonly string[], role: ListRole): string | null {
  return listProblem(list, role) ?? (extra.length === 0 ? null : extraProblem(list, extra));
}

/**
 * Notes what content-length promises.
 * @returns false when the message ends here and the promise was another
 */
export function expectBody(stream: Stream, list: HeaderList, extra: readonly string[], endStream: boolean): boolean {
  stream.bodyLeft = contentLengthOf(list, extra);
  return !endStream || stream.bodyLeft <= 0;
}

/**
 * Whether HEADERS after the first are proper trailers: then the message has ended, and they are to be delivered. If not, the
 * stream has been reset.
 */
export function admitTrailers(
  connection: Connection,
  stream: Stream,
  list: HeaderList,
  extra: readonly string[],
  endStream: boolean,
): boolean {
  if (!mayReceive(stream.state)) {
    connection.streamError(stream, ErrorCode.STREAM_CLOSED, "headers frame after the end of the message");
    return false;
  }
  if (list.oversized) {
    connection.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, oversizedProblem(list));
    return false;
  }
  const problem = endStream ? problemOf(list, extra, ListRole.TRAILERS) : "second headers frame without END_STREAM";
  if (problem !== null) {
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, problem);
    return false;
  }
  if (stream.bodyLeft > 0) {
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "body is shorter than content-length says");
    return false;
  }
  stream.endReceived();
  return true;
}

export function oversizedProblem(list: HeaderList): string {
  return `header list of ${list.size} bytes is larger than allowed`;
}

/** The first HEADERS of a message are through, and it may be over with them. */
export function beginBody(stream: Stream, endStream: boolean): void {
  stream.state |= StreamState.HEADERS_RECEIVED;
  if (endStream) stream.endReceived();
}
