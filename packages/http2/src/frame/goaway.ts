import { ConnectionError, ErrorCode, errorCodeName } from "../errors.js";
import {
  FRAME_HEADER_BYTES,
  FrameType,
  readUint31,
  readUint32,
  writeFrameHeader,
  writeUint32,
} from "./frame-header.js";

/** GOAWAY (RFC 9113 §6.8): last stream id (31), error code (32), debug data. */
const FIXED_BYTES = 8;

/** Debug data is for a log line; more than this of a peer's is not kept. */
const MAX_DEBUG_BYTES = 256;

export interface GoAway {
  /** The highest stream the sender may have acted on: whatever is above it was not processed. */
  readonly lastStreamId: number;
  readonly code: number;
  /** The sender's debug data read as latin1, at most 256 characters; often empty. */
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

/** What a GOAWAY says, for a log line or a message: `"ENHANCE_YOUR_CALM: too_many_pings"`. Its debug data is a peer's: only ASCII is shown. */
export function goAwayReason({ code, debug }: GoAway): string {
  return debug === "" ? errorCodeName(code) : `${errorCodeName(code)}: ${debug.replace(/[^\x20-\x7e]/g, "?")}`;
}

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
