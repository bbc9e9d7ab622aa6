import { ConnectionError, ErrorCode } from "../errors.js";

/**
 * Returns the number of padding bytes of a payload, including the pad length itself. DATA, HEADERS and PUSH_PROMISE may
 * begin with a pad length and end with as much padding (RFC 9113 §6.1).
 * @param start, end the range of the payload, of which at least the first byte must have been received
 * @param fixedBytes the number of bytes that follow the pad length: 5 for HEADERS with priority
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
