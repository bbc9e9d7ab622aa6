import { ConnectionError, ErrorCode, errorCodeName } from "../errors.js";
import {
  FRAME_HEADER_BYTES,
  FrameType,
  readUint31,
  readUint32,
  writeFrameHeader,
  writeUint32,
} from "./frame-header.js";

/** The length of the fixed part of GOAWAY (RFC 9113 §6.8): last stream id (32), error code (32); debug data follows. */
const FIXED_BYTES = 8;

/** The length of debug data that is kept or sent, in bytes. It is meant for a line in a log. */
const MAX_DEBUG_BYTES = 256;

/** A GOAWAY frame that the peer has sent (RFC 9113 §6.8). */
export interface GoAway {
  /** The highest stream id that the sender may have processed. Streams above it were not processed. */
  readonly lastStreamId: number;
  /** The error code of RFC 9113 §7. It is NO_ERROR if the sender just shuts down. */
  readonly code: number;
  /** The sender's debug data, decoded as Latin-1, at most 256 characters. It is often empty. */
  readonly debug: string;
}

export function parseGoAway(streamId: number, buffer: Uint8Array, start: number, end: number): GoAway {
  if (streamId !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `goaway frame on stream ${streamId}`);
  if (end - start < FIXED_BYTES) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `goaway frame of ${end - start} bytes, fewer than 8`);
  }
  const debugStart = start + FIXED_BYTES;
  const debugBytes = buffer.subarray(debugStart, Math.min(end, debugStart + MAX_DEBUG_BYTES));
  return {
    lastStreamId: readUint31(buffer, start),
    code: readUint32(buffer, start + 4),
    debug: String.fromCharCode(...debugBytes),
  };
}

/**
 * Returns the code and debug data of a GOAWAY for a log or a message, such as `"ENHANCE_YOUR_CALM: too_many_pings"`.
 * Characters of the debug data that are not printable ASCII are replaced with `?`, since the peer may send anything.
 */
export function goAwayReason({ code, debug }: GoAway): string {
  return debug === "" ? errorCodeName(code) : `${errorCodeName(code)}: ${debug.replace(/[^\x20-\x7e]/g, "?")}`;
}

/** Returns the length of the frame that `writeGoAway()` writes, in bytes. */
export function goAwayBytes(debug: string): number {
  return FRAME_HEADER_BYTES + FIXED_BYTES + debugBytes(debug);
}

export function writeGoAway(buffer: Uint8Array, at: number, lastStreamId: number, code: number, debug: string): number {
  const length = debugBytes(debug);
  let next = writeFrameHeader(buffer, at, FIXED_BYTES + length, FrameType.GOAWAY, 0, 0);
  next = writeUint32(buffer, next, lastStreamId);
  next = writeUint32(buffer, next, code);
  for (let i = 0; i < length; i++) buffer[next + i] = debug.charCodeAt(i);
  return next + length;
}

function debugBytes(debug: string): number {
  return Math.min(debug.length, MAX_DEBUG_BYTES);
}
