import { ConnectionError, ErrorCode } from "../errors.js";

/** A position in a field block, which reading advances. All blocks of a decoder share one object. */
export class Cursor {
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
}

/**
 * The number of bytes that may follow the prefix of an integer. RFC 7541 §5.1 allows a limit. Four bytes reach 2^28,
 * which is far above every size that is allowed here.
 */
const MAX_CONTINUATION_BYTES = 4;

/** The largest number of bytes of an integer with any prefix, for which a writer must make room. */
export const MAX_INTEGER_BYTES = 6;

/** Reads an integer whose prefix is the low bits `mask` of the byte at the cursor. */
export function readInteger(cursor: Cursor, mask: number): number {
  const { buffer, end } = cursor;
  let at = cursor.at;
  if (at >= end) throw truncatedBlock();
  let value = buffer[at++]! & mask;
  if (value === mask) {
    let shift = 0;
    for (;;) {
      if (at >= end) throw truncatedBlock();
      if (shift === 7 * MAX_CONTINUATION_BYTES) {
        throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, "integer in a field block exceeds 2^28");
      }
      const byte = buffer[at++]!;
      value += (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) break;
    }
  }
  cursor.at = at;
  return value;
}

/** Writes `value` with the prefix `mask` below the bits of `pattern`. @returns the position after it */
export function writeInteger(buffer: Uint8Array, at: number, pattern: number, mask: number, value: number): number {
  if (value < mask) {
    buffer[at] = pattern | value;
    return at + 1;
  }
  buffer[at++] = pattern | mask;
  let rest = value - mask;
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

/** Returns the error for a field block that ends inside a field. */
export function truncatedBlock(): ConnectionError {
  return new ConnectionError(ErrorCode.COMPRESSION_ERROR, "field block ends inside a field");
}
