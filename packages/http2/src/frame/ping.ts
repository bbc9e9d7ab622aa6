import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, FRAME_HEADER_BYTES, FrameType, readUint32, writeFrameHeader, writeUint32 } from "./frame-header.js";

/** The length of PING's payload (RFC 9113 §6.7): eight opaque bytes, which the acknowledgement returns. */
const PAYLOAD_BYTES = 8;
export const PING_BYTES = FRAME_HEADER_BYTES + PAYLOAD_BYTES;

/** Checks the stream id and the length of a PING. @throws ConnectionError (RFC 9113 §6.7) */
export function checkPing(streamId: number, start: number, end: number): void {
  if (streamId !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `ping frame on stream ${streamId}`);
  if (end - start !== PAYLOAD_BYTES) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `ping frame of ${end - start} bytes, not 8`);
  }
}

/** Returns the number that our own pings carry in the last four bytes, or -1 if a payload is not one of ours. */
export function pingNumber(buffer: Uint8Array, start: number): number {
  return readUint32(buffer, start) === 0 ? readUint32(buffer, start + 4) : -1;
}

export function writePing(buffer: Uint8Array, at: number, number: number): number {
  const body = writeFrameHeader(buffer, at, PAYLOAD_BYTES, FrameType.PING, 0, 0);
  return writeUint32(buffer, writeUint32(buffer, body, 0), number);
}

export function writePingAck(buffer: Uint8Array, at: number, payload: Uint8Array, start: number): number {
  const body = writeFrameHeader(buffer, at, PAYLOAD_BYTES, FrameType.PING, Flag.ACK, 0);
  for (let i = 0; i < PAYLOAD_BYTES; i++) buffer[body + i] = payload[start + i]!;
  return body + PAYLOAD_BYTES;
}
