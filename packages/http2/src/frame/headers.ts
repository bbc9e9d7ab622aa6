import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, type FrameHeader, FrameType, writeFrameHeader } from "./frame-header.js";
import { paddingOf } from "./padding.js";
import { dependsOnItself, PRIORITY_BYTES } from "./priority.js";

/** The range of a field block fragment in its payload. All frames of a connection share one object. */
export class Fragment {
  start = 0;
  end = 0;
}

/**
 * Parses HEADERS (RFC 9113 §6.2): `[pad length (8)] [priority (40)] field block fragment [padding]`. The range of the
 * fragment is stored in `into`.
 *
 * @returns false if the obsolete priority makes the stream depend on itself. This is a stream error, which must wait
 *   until the block has been decoded.
 */
export function parseHeaders(
  frame: FrameHeader,
  buffer: Uint8Array,
  start: number,
  end: number,
  into: Fragment,
): boolean {
  const hasPriority = frame.has(Flag.PRIORITY);
  into.start = start;
  into.end = end;
  if (frame.has(Flag.PADDED)) {
    const padding = paddingOf(buffer, start, end, hasPriority ? PRIORITY_BYTES : 0);
    into.start = start + 1;
    into.end = end - padding + 1;
  } else if (hasPriority && end - start < PRIORITY_BYTES) {
    throw new ConnectionError(
      ErrorCode.FRAME_SIZE_ERROR,
      `headers frame of ${end - start} bytes has no room for priority`,
    );
  }
  if (!hasPriority) return true;
  into.start += PRIORITY_BYTES;
  return !dependsOnItself(frame.streamId, buffer, into.start - PRIORITY_BYTES);
}

/** Writes the header of HEADERS, which carries the first (and mostly only) fragment of a field block. */
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
