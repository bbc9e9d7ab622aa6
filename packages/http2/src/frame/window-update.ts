import { ConnectionError, ErrorCode } from "../errors.js";
import { FRAME_HEADER_BYTES, FrameType, readUint31, writeFrameHeader, writeUint32 } from "./frame-header.js";

/** The length of WINDOW_UPDATE's payload (RFC 9113 §6.9): window size increment (31). */
const PAYLOAD_BYTES = 4;
export const WINDOW_UPDATE_BYTES = FRAME_HEADER_BYTES + PAYLOAD_BYTES;

/**
 * Returns the increment. The caller must handle 0, which is a stream error, or a connection error on stream 0 (§6.9).
 */
export function parseWindowUpdate(buffer: Uint8Array, start: number, end: number): number {
  if (end - start !== PAYLOAD_BYTES) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `window_update frame of ${end - start} bytes, not 4`);
  }
  return readUint31(buffer, start);
}

export function writeWindowUpdate(buffer: Uint8Array, at: number, streamId: number, increment: number): number {
  return writeUint32(
    buffer,
    writeFrameHeader(buffer, at, PAYLOAD_BYTES, FrameType.WINDOW_UPDATE, 0, streamId),
    increment,
  );
}
