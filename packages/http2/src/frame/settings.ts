import { ConnectionError, ErrorCode } from "../errors.js";
import {
  Flag,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  FrameType,
  readUint32,
  writeFrameHeader,
  writeUint32,
} from "./frame-header.js";

/**
 * The length of an entry of SETTINGS (RFC 9113 §6.5): `identifier (16), value (32)`. The payload consists of any number
 * of entries; an acknowledgement has none.
 */
const ENTRY_BYTES = 6;
export const SETTINGS_ACK_BYTES = FRAME_HEADER_BYTES;

/** The identifiers of settings (RFC 9113 §6.5.2). */
export const SettingId = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

/** Calls `apply(id, value)` for each entry in order. Unknown ids are passed on too and must be ignored (§6.5.2). */
export function parseSettings(
  frame: FrameHeader,
  buffer: Uint8Array,
  start: number,
  end: number,
  apply: (id: number, value: number) => void,
): void {
  const { streamId } = frame;
  const length = end - start;
  if (streamId !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `settings frame on stream ${streamId}`);
  if (frame.has(Flag.ACK) && length !== 0) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `settings acknowledgement of ${length} bytes, not 0`);
  }
  if (length % ENTRY_BYTES !== 0) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `settings frame of ${length} bytes, not a multiple of 6`);
  }
  for (let at = start; at < end; at += ENTRY_BYTES) {
    apply((buffer[at]! << 8) | buffer[at + 1]!, readUint32(buffer, at + 2));
  }
}

export function settingsFrameBytes(entries: number): number {
  return FRAME_HEADER_BYTES + entries * ENTRY_BYTES;
}

export function writeSettings(buffer: Uint8Array, at: number, entries: readonly (readonly [number, number])[]): number {
  let next = writeFrameHeader(buffer, at, entries.length * ENTRY_BYTES, FrameType.SETTINGS, 0, 0);
  for (const [id, value] of entries) {
    buffer[next] = id >>> 8;
    buffer[next + 1] = id;
    next = writeUint32(buffer, next + 2, value);
  }
  return next;
}

export function writeSettingsAck(buffer: Uint8Array, at: number): number {
  return writeFrameHeader(buffer, at, 0, FrameType.SETTINGS, Flag.ACK, 0);
}
