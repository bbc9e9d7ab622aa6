import { Flag, FrameType, writeFrameHeader } from "./frame-header.js";

/** CONTINUATION (RFC 9113 §6.10): nothing but a further fragment of the field block begun just before. */
export function writeContinuationHeader(
  buffer: Uint8Array,
  at: number,
  streamId: number,
  length: number,
  endHeaders: boolean,
): number {
  return writeFrameHeader(buffer, at, length, FrameType.CONTINUATION, endHeaders ? Flag.END_HEADERS : 0, streamId);
}
