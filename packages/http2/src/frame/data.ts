import { Flag, FrameType, writeFrameHeader } from "./frame-header.js";

/**
 * DATA (RFC 9113 §6.1): `[pad length (8)] data [padding]`. All of it, padding included, counts against flow control.
 * The payload is read by whoever keeps the windows (receive/data.ts), since a large one arrives in pieces.
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
