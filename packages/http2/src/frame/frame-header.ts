/*
 * The frames of RFC 9113 §6, one file for each: its layout, how it is parsed, and how it is written. What depends on
 * more than one frame (stream states, flow control, the order of HEADERS and CONTINUATION) belongs to receive/ and
 * send/.
 *
 * A `write…` function writes exactly one whole frame at `at`, or its header where the name says so, and returns the
 * position after it. A `parse…` function reads one whole payload `[start, end)` in place and throws a ConnectionError
 * where the RFC requires one. The caller must have made room for what is written, and must pass complete payloads.
 */

/**
 * The length of a frame header (RFC 9113 §4.1), in bytes:
 *
 *     +-----------------------------------------------+
 *     |                 Length (24)                   |
 *     +---------------+---------------+---------------+
 *     |   Type (8)    |   Flags (8)   |
 *     +-+-------------+---------------+-------------------------------+
 *     |R|                 Stream Identifier (31)                      |
 *     +=+=============================================================+
 */
export const FRAME_HEADER_BYTES = 9;

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Flags share bits between frame types: END_STREAM (DATA, HEADERS) and ACK (SETTINGS, PING) are both 0x1. */
export const Flag = {
  END_STREAM: 0x1,
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** The header of a received frame (RFC 9113 §4.1). All frames of a connection share one object. */
export class FrameHeader {
  /** The length of the payload, in bytes. */
  length = 0;
  type = 0;
  flags = 0;
  streamId = 0;

  /** Reads a header, of which all {@link FRAME_HEADER_BYTES} bytes must have been received. */
  read(buffer: Uint8Array, at: number): void {
    this.length = (buffer[at]! << 16) | (buffer[at + 1]! << 8) | buffer[at + 2]!;
    this.type = buffer[at + 3]!;
    this.flags = buffer[at + 4]!;
    this.streamId = readUint31(buffer, at + 5);
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
}

export function writeFrameHeader(
  buffer: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  buffer[at] = length >>> 16;
  buffer[at + 1] = length >>> 8;
  buffer[at + 2] = length;
  buffer[at + 3] = type;
  buffer[at + 4] = flags;
  return writeUint32(buffer, at + 5, streamId);
}

export function writeUint32(buffer: Uint8Array, at: number, value: number): number {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
  return at + 4;
}

/** Reads four bytes as an unsigned number, so that error codes and settings above 2^31 stay positive. */
export function readUint32(buffer: Uint8Array, at: number): number {
  return readUint31(buffer, at) + (buffer[at]! >= 0x80 ? 0x80000000 : 0);
}

/** Reads a stream id or window increment, of which the reserved first bit is ignored (RFC 9113 §4.1, §6.9). */
export function readUint31(buffer: Uint8Array, at: number): number {
  return ((buffer[at]! & 0x7f) << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
}
