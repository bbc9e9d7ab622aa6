import { Flag, FrameType, writeFrameHeader } from "./frame-header.js";

/**
 * Writes the header of DATA (RFC 9113 §6.1): `[pad length (8)] data [padding]`. The whole payload, including padding,
 * counts against flow control. It is parsed in receive/data.ts, since a large one arrives in pieces.
 */
export function writeDataHeader(
  buffer: Uint8Array,
  at: number,
  streamId: number,
  length: number,
  endStream: boolean,
): number {
  return writeFrameHeader(buffer, at, length, FrameType.DATA, endStream ? Flag.END_STREAM : 0, streamId);
}
