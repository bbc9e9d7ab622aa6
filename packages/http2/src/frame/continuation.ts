import { Flag, FrameType, writeFrameHeader } from "./frame-header.js";

/** Writes the header of CONTINUATION (RFC 9113 §6.10), which carries a further fragment of a field block. */
export function writeContinuationHeader(
  buffer: Uint8Array,
  at: number,
  streamId: number,
  length: number,
  endHeaders: boolean,
): number {
  return writeFrameHeader(buffer, at, length, FrameType.CONTINUATION, endHeaders ? Flag.END_HEADERS : 0, streamId);
}
