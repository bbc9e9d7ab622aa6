import { ErrorCode } from "../errors.js";
import type { HeaderList } from "../hpack/header-list.js";
import { mayReceive, StreamState } from "../stream/state.js";
import type { Stream } from "../stream/stream.js";
import type { FieldSection } from "./field-section.js";
import { contentLengthOf, extraProblem, ListRole, listProblem } from "./message-rules.js";

/** Returns what makes a message with these fields malformed (RFC 9113 §8.1.1), or null. */
export function problemOf({ list, extra }: FieldSection, role: ListRole): string | null {
  return listProblem(list, role) ?? (extra.length === 0 ? null : extraProblem(list, extra));
}

/**
 * Records the content-length of a message.
 * @returns false if the message ends with its headers although the content-length is not 0
 */
export function expectBody(stream: Stream, { list, extra, endStream }: FieldSection): boolean {
  stream.bodyLeft = contentLengthOf(list, extra);
  return !endStream || stream.bodyLeft <= 0;
}

/**
 * Checks whether HEADERS after the first are valid trailers.
 * @returns true if they have ended the message and must be delivered; false if the stream has been reset
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
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "body is shorter than its content-length");
    return false;
  }
  stream.endReceived();
  return true;
}

/** Returns the reason for refusing a field list that is too large. */
export function oversizedProblem(list: HeaderList): string {
  return `header list of ${list.size} bytes is larger than allowed`;
}

/** Changes the state of a stream whose first HEADERS are valid; they may also end the message. */
export function beginBody(stream: Stream, endStream: boolean): void {
  stream.state |= StreamState.HEADERS_RECEIVED;
  if (endStream) stream.endReceived();
}
