import { ConnectionError, ErrorCode } from "../errors.js";

/**
 * DATA, HEADERS and PUSH_PROMISE may begin with the length of the padding at their end (RFC 9113 §6.1).
 * @param start, end the payload, of which the first byte is there already; `fixedBytes` of it follow the pad length (5 for
 *   HEADERS with priority)
 * @returns how many bytes of the payload are padding, the pad length's own byte included
 */
export function paddingOf(buffer: Uint8Array, start: number, end: number, fixedBytes = 0): number {
  const length = end - start;
  if (length < 1 + fixedBytes) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `padded frame of ${length} bytes is too short`);
  }
  const padLength = buffer[start]!; // inside the payload: checked above
  if (padLength > length - 1 - fixedBytes) {
    const message = `padding of ${padLength} bytes exceeds its frame of ${length}`;
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, message);
  }
  return padLength + 1;
}
