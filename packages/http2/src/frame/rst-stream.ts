import { ConnectionError, ErrorCode } from "../errors.js";
import { FRAME_HEADER_BYTES, FrameType, readUint32, writeFrameHeader, writeUint32 } from "./frame-header.js";

/** The length of RST_STREAM's payload (RFC 9113 §6.4): an error code (32), which may have any value. */
const PAYLOAD_BYTES = 4;
export const RST_STREAM_BYTES = FRAME_HEADER_BYTES + PAYLOAD_BYTES;

/** Returns the error code of RST_STREAM. */
export function parseRstStream(streamId: number, buffer: Uint8Array, start: number, end: number): number {
  if (end - start !== PAYLOAD_BYTES) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `rst_stream frame of ${end - start} bytes, not 4`);
  }
  if (streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "rst_stream frame on stream 0");
  return readUint32(buffer, start);
}

export function writeRstStream(buffer: Uint8Array, at: number, streamId: number, code: number): number {
  return writeUint32(buffer, writeFrameHeader(buffer, at, PAYLOAD_BYTES, FrameType.RST_STREAM, 0, streamId), code);
}
