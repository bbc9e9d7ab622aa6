import { ConnectionError, ErrorCode } from "../errors.js";
import { readUint31 } from "./frame-header.js";

/** The length of the priority in PRIORITY and HEADERS: exclusive flag (1), dependency (31), weight (8). */
export const PRIORITY_BYTES = 5;

/**
 * Checks PRIORITY (RFC 9113 §6.3), which is obsolete and has no other effect. It returns the code of a stream error,
 * for a wrong size (§6.3) or for a stream that depends on itself (RFC 7540 §5.3.1), or NO_ERROR.
 */
export function priorityProblem(streamId: number, buffer: Uint8Array, start: number, end: number): number {
  if (streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "priority frame on stream 0");
  if (end - start !== PRIORITY_BYTES) return ErrorCode.FRAME_SIZE_ERROR;
  return dependsOnItself(streamId, buffer, start) ? ErrorCode.PROTOCOL_ERROR : ErrorCode.NO_ERROR;
}

export function dependsOnItself(streamId: number, buffer: Uint8Array, at: number): boolean {
  return readUint31(buffer, at) === streamId;
}
