/** HTTP/2 written by hand: valid and invalid frames and field blocks, for tests that talk to one of our ends. */

/** A frame as it is on the wire, valid or not. */
export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
  /** The length in the header, if it differs from the payload's length. */
  declared?: number;
  /** The fields that a HEADERS frame with a whole block had when it was recorded. */
  fields?: readonly string[];
}

export const Type = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const Flag = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

export const magic = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

const headerBytes = 9;

export function bytesOf(frame: Frame): Buffer {
  const bytes = Buffer.alloc(headerBytes + frame.payload.length);
  bytes.writeUIntBE((frame.declared ?? frame.payload.length) & 0xffffff, 0, 3);
  bytes[3] = frame.type;
  bytes[4] = frame.flags;
  bytes.writeUInt32BE(frame.streamId >>> 0, 5);
  frame.payload.copy(bytes, headerBytes);
  return bytes;
}

/** Returns the bytes of a frame. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = new Uint8Array()): Buffer {
  return bytesOf({ type, flags, streamId, payload: Buffer.from(payload) });
}

/** A SETTINGS frame without values. */
export const noSettings = frame(Type.SETTINGS, 0, 0);

/** The frames with which a peer grants the largest windows, for each stream and for the connection. */
export const widestWindows = Buffer.concat([
  frame(Type.SETTINGS, 0, 0, settings([4, 0x7fff_ffff])),
  frame(Type.WINDOW_UPDATE, 0, 0, uint32(0x7fff_0000)),
]);

/** Returns a GOAWAY frame. */
export function goAway(lastStreamId: number, errorCode: number, debugData = ""): Buffer {
  return frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(lastStreamId, errorCode), Buffer.from(debugData)]));
}

/** Splits a byte stream into frames as it arrives. */
export class FrameSplitter {
  /** The bytes of a frame that is not complete yet. */
  rest = Buffer.alloc(0);
  /** Whether a field block is open. If so, only CONTINUATION may follow. */
  isInBlock = false;
  /** The number of frames so far. */
  count = 0;

  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    this.rest = this.rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.rest, bytes]);
    let at = 0;
    while (this.rest.length - at >= headerBytes) {
      const length = this.rest.readUIntBE(at, 3);
      const end = at + headerBytes + length;
      if (end > this.rest.length) break;
      const type = this.rest[at + 3] ?? 0;
      const flags = this.rest[at + 4] ?? 0;
      const streamId = this.rest.readUInt32BE(at + 5) & 0x7fffffff;
      frames.push({ type, flags, streamId, payload: this.rest.subarray(at + headerBytes, end) });
      if (type === Type.HEADERS || type === Type.CONTINUATION) this.isInBlock = (flags & Flag.END_HEADERS) === 0;
      at = end;
    }
    this.rest = this.rest.subarray(at);
    this.count += frames.length;
    return frames;
  }

  /** Whether the stream is between two frames, where any frame may follow. */
  get isBetween(): boolean {
    return this.rest.length === 0 && !this.isInBlock;
  }
}

/** Encodes a field block of literals that neither use nor change the dynamic table. */
export function literals(fields: readonly string[], representation = 0): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    parts.push(Buffer.from([representation]), string(fields[i] ?? ""), string(fields[i + 1] ?? ""));
  }
  return Buffer.concat(parts);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([integer(bytes.length, 0x7f), bytes]);
}

/** Encodes an integer as in RFC 7541 §5.1, with the prefix `mask` below the bits of `pattern`. */
export function integer(value: number, mask: number, pattern = 0): Buffer {
  if (value < mask) return Buffer.from([pattern | value]);
  const bytes = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32BE(value >>> 0, i * 4);
  });
  return bytes;
}

/** The payload of a SETTINGS frame. */
export function settings(...entries: (readonly [id: number, value: number])[]): Buffer {
  return Buffer.concat(
    entries.map(([id, value]) => {
      const entry = Buffer.alloc(6);
      entry.writeUInt16BE(id & 0xffff, 0);
      entry.writeUInt32BE(value >>> 0, 2);
      return entry;
    }),
  );
}
