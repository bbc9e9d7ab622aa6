import { ErrorCode } from "../errors.js";
import type { HeaderList } from "../hpack/header-list.js";
import { mayReceive, StreamState } from "../stream/state.js";
import type { Stream } from "../stream/stream.js";
import type { FieldSection } from "./field-section.js";
import { contentLengthOf, extraProblem, ListRole, listProblem } from "./message-rules.js";

/** What makes a message with these fields malformed (RFC 9113 §8.1.1); null when there is nothing. */
export function problemOf({ list, extra }: FieldSection, role: ListRole): string | null {
  return listProblem(list, role) ?? (extra.length === 0 ? null : extraProblem(list, extra));
}

/**
 * Notes what content-length promises.
 * @returns false when the message ends here and the promise was another
 */
export function expectBody(stream: Stream, { list, extra, endStream }: FieldSection): boolean {
  stream.bodyLeft = contentLengthOf(list, extra);
  return !endStream || stream.bodyLeft <= 0;
}

/**
 * Whether HEADERS after the first are proper trailers: then the message has ended, and they are to be delivered. If not, the
 * stream has been reset.
 */
export function admitTrailers(stream: Stream, section: FieldSection): boolean {
  const { connection } = stream;
  const { list } = section;
  if (!mayReceive(stream.state)) {
    connection.streamError(stream, ErrorCode.STREAM_CLOSED, "headers frame after the end of the message");
    return false;
  }
  if (list.oversized) {
    connection.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, oversizedProblem(list));
    return false;
  }
  const problem = section.endStream ? problemOf(section, ListRole.TRAILERS) : "second headers frame without END_STREAM";
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
