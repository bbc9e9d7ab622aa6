import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, FrameType, writeFrameHeader } from "./frame-header.js";
import { type Fragment, stripPadding } from "./padding.js";
import { dependsOnItself, PRIORITY_BYTES } from "./priority.js";

/**
 * HEADERS (RFC 9113 §6.2): `[pad length (8)] [priority (40)] field block fragment [padding]`.
 *
 * Leaves the fragment in `into`; returns false when the obsolete priority makes the stream depend on itself, a stream error
 * that must wait until the block has been decoded.
 */
export function parseHeaders(
  flags: number,
  streamId: number,
  buffer: Uint8Array,
  start: number,
  end: number,
  into: Fragment,
): boolean {
  const hasPriority = (flags & Flag.PRIORITY) !== 0;
  into.start = start;
  into.end = end;
  if ((flags & Flag.PADDED) !== 0) {
    stripPadding(buffer, start, end, hasPriority ? PRIORITY_BYTES : 0, into);
  } else if (hasPriority && end - start < PRIORITY_BYTES) {
    throw new ConnectionError(
      ErrorCode.FRAME_SIZE_ERROR,
      `headers frame of ${end - start} bytes has no room for priority`,
    );
  }
  if (!hasPriority) return true;
  into.start += PRIORITY_BYTES;
  return !dependsOnItself(streamId, buffer, into.start - PRIORITY_BYTES);
}

/** The nine bytes before the first (and mostly only) fragment of a field block. */
export function writeHeadersHeader(
  buffer: Uint8Array,
  at: number,
  streamId: number,
  length: number,
  endHeaders: boolean,
  endStream: boolean,
): number {
  const flags = (endHeaders ? Flag.END_HEADERS : 0) | (endStream ? Flag.END_STREAM : 0);
  return writeFrameHeader(buffer, at, length, FrameType.HEADERS, flags, streamId);
}
