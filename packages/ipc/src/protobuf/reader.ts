import { constants } from "node:buffer";
import { copyOf, maxHeapBytes } from "./bytes.js";
import { WireType } from "./wire-type.js";

/**
 * The state of the parser: the input, and the position in it. The functions below read at `at` and never beyond `end`,
 * the end of the whole input. By their return values they decline whatever is malformed or not in its shortest form.
 */
export const wire = { bytes: new Uint8Array(0) as Uint8Array, isLent: false, at: 0, end: 0, low: 0, high: 0 };

const nothing = wire.bytes;

/** Opens the input `[start, end)` of `bytes`. @param isLent whether no part of the message may stay in this memory */
export function openWire(bytes: Uint8Array, isLent: boolean, start: number, end: number): void {
  wire.bytes = bytes;
  wire.isLent = isLent;
  wire.at = start;
  wire.end = end;
}

/** Drops the reference to the memory. */
export function closeWire(): void {
  wire.bytes = nothing;
}

/** Reads a varint into `low` and `high`, as two signed integers of 32 bits. */
export function readVarint(): boolean {
  const { bytes, at } = wire;
  if (at === wire.end) {
    return false;
  }
  const byte = bytes[at] as number;
  if (byte > 0x7f) {
    return readLongVarint();
  }
  wire.at = at + 1;
  wire.low = byte;
  wire.high = 0;
  return true;
}

function readLongVarint(): boolean {
  const { bytes, at } = wire;
  const end = Math.min(wire.end, at + 10);
  let low = 0;
  let high = 0;
  for (let i = at, shift = 0; i < end; i++, shift += 7) {
    const byte = bytes[i] as number;
    const bits = byte & 0x7f;
    if (shift < 28) {
      low |= bits << shift;
    } else if (shift === 28) {
      low |= bits << 28;
      high = bits >> 4;
    } else {
      high |= bits << (shift - 32);
    }
    if (byte < 0x80) {
      wire.at = i + 1;
      wire.low = low;
      wire.high = high;
      return byte !== 0 && (shift < 63 || byte === 1);
    }
  }
  return false;
}

/** Reads the length of what follows; returns -1 unless all of it is there. */
export function readLength(): number {
  return readVarint() && wire.high === 0 && wire.low >= 0 && wire.low <= wire.end - wire.at ? wire.low : -1;
}

/** Skips a value of this wire type, which may lead beyond the end. Groups are declined. */
export function skipValue(wireType: number): boolean {
  switch (wireType) {
    case WireType.VARINT:
      return readVarint();
    case WireType.BIT64:
      wire.at += 8;
      return true;
    case WireType.BIT32:
      wire.at += 4;
      return true;
    case WireType.LENGTH_DELIMITED: {
      const length = readLength();
      wire.at += length;
      return length >= 0;
    }
    default:
      return false;
  }
}

export function readInt32(): number | undefined {
  if (!readVarint()) {
    return undefined;
  }
  const { low, high } = wire;
  return high === 0 || (high === -1 && low < 0) ? low : undefined; // negative values are extended to 64 bits
}

export function readUint32(): number | undefined {
  return readVarint() && wire.high === 0 ? wire.low >>> 0 : undefined;
}

export function readSint32(): number | undefined {
  return readVarint() && wire.high === 0 ? (wire.low >>> 1) ^ -(wire.low & 1) : undefined;
}

export function readBool(): boolean | undefined {
  return readVarint() && wire.high === 0 && wire.low >>> 1 === 0 ? wire.low === 1 : undefined;
}

const scratch = new DataView(new ArrayBuffer(8));

function toScratch(low: number, high: number): DataView {
  scratch.setInt32(0, low, true);
  scratch.setInt32(4, high, true);
  return scratch;
}

export function readInt64(): bigint | undefined {
  return readVarint() ? toScratch(wire.low, wire.high).getBigInt64(0, true) : undefined;
}

export function readUint64(): bigint | undefined {
  return readVarint() ? toScratch(wire.low, wire.high).getBigUint64(0, true) : undefined;
}

export function readSint64(): bigint | undefined {
  if (!readVarint()) {
    return undefined;
  }
  const { low, high } = wire;
  const sign = -(low & 1);
  return toScratch(((low >>> 1) | (high << 31)) ^ sign, (high >>> 1) ^ sign).getBigInt64(0, true);
}

/** Reads 4 or 8 bytes into `scratch`. */
function readFixed(length: number): boolean {
  const { at } = wire;
  if (wire.end - at < length) {
    return false;
  }
  toScratch(word(at), length === 8 ? word(at + 4) : 0);
  wire.at = at + length;
  return true;
}

function word(at: number): number {
  const { bytes } = wire;
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

export function readFixed32(): number | undefined {
  return readFixed(4) ? scratch.getUint32(0, true) : undefined;
}

export function readSfixed32(): number | undefined {
  return readFixed(4) ? scratch.getInt32(0, true) : undefined;
}

export function readFloat(): number | undefined {
  return readFixed(4) ? scratch.getFloat32(0, true) : undefined;
}

export function readFixed64(): bigint | undefined {
  return readFixed(8) ? scratch.getBigUint64(0, true) : undefined;
}

export function readSfixed64(): bigint | undefined {
  return readFixed(8) ? scratch.getBigInt64(0, true) : undefined;
}

export function readDouble(): number | undefined {
  return readFixed(8) ? scratch.getFloat64(0, true) : undefined;
}

/** Reads a bytes field. A long one shares the memory of the input if that is allowed. */
export function readBytes(): Uint8Array | undefined {
  const length = readLength();
  if (length < 0) {
    return undefined;
  }
  const { at } = wire;
  wire.at = at + length;
  return sliceOf(at, wire.at);
}

/** Returns the bytes in `[at, end)` of the input. */
export function sliceOf(at: number, end: number): Uint8Array {
  const { bytes, isLent } = wire;
  if (end - at <= maxHeapBytes) {
    return bytes.slice(at, end);
  }
  return isLent ? copyOf(bytes, at, end) : bytes.subarray(at, end);
}

/** Up to this length a concatenated string is flat, and concatenating is faster than a call into the runtime. */
const SHORT = 12;
const BYTE_ORDER_MARK = 0xfeff;
/** `utf8Slice` is not in the types, but much faster than a TextDecoder. Invalid UTF-8 becomes U+FFFD. */
const { utf8Slice } = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
};

export function readString(): string | undefined {
  const length = readLength();
  if (length < 0) {
    return undefined;
  }
  const from = wire.at;
  const end = from + length;
  wire.at = end;
  if (length <= SHORT) {
    const text = shortAscii(from, end);
    if (text !== undefined) {
      return text;
    }
  } else if (length > constants.MAX_STRING_LENGTH) {
    return undefined;
  }
  const text = utf8Slice.call(wire.bytes, from, end);
  // Not all versions of protobuf-es keep a byte order mark at the beginning.
  return text.includes("\ufffd") || text.charCodeAt(0) === BYTE_ORDER_MARK ? undefined : text;
}

function shortAscii(from: number, end: number): string | undefined {
  const { bytes } = wire;
  let text = "";
  let at = from;
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at] as number;
    const b = bytes[at + 1] as number;
    const c = bytes[at + 2] as number;
    const d = bytes[at + 3] as number;
    if ((a | b | c | d) > 0x7f) {
      return undefined;
    }
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    const unit = bytes[at] as number;
    if (unit > 0x7f) {
      return undefined;
    }
    text += String.fromCharCode(unit);
  }
  return text;
}
