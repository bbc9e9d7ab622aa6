import { ConnectionError, ErrorCode } from "../errors.js";

/** Where the useful part of a payload lies. One object is reused for every frame of a connection. */
export class Fragment {
  start = 0;
  end = 0;
}

/**
 * DATA, HEADERS and PUSH_PROMISE may carry a leading pad length and as many trailing bytes (RFC 9113 §6.1). Leaves what lies
 * between in `into`. `fixed` counts the bytes that must follow the pad length (5 for HEADERS with priority).
 */
export function stripPadding(buffer: Uint8Array, start: number, end: number, fixed: number, into: Fragment): void {
  if (end - start < 1 + fixed) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `padded frame of ${end - start} bytes is too short`);
  }
  const padLength = buffer[start]!; // inside the payload: checked above
  if (padLength > end - start - 1 - fixed) {
    const message = `padding of ${padLength} bytes exceeds its frame of ${end - start}`;
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, message);
  }
  into.start = start + 1;
  into.end = end - padLength;
}
