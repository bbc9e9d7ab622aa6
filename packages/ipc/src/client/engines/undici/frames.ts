import type { GoAway } from "@vyra/http2";

/** The frame types that are needed here, RFC 9113 §6. */
export const frameType = { data: 0, rstStream: 3, settings: 4, goaway: 7 } as const;

/** The size of a frame's header, RFC 9113 §4.1: Length (3), Type (1), Flags (1), Stream Identifier (4). */
const headBytes = 9;

/** The position of a frame's flags, and their values: RFC 9113 §6.1 and §6.5. */
export const flagsAt = 4;
export const flag = { ack: 0x1, endStream: 0x1, padded: 0x8 } as const;

/**
 * The maximum payload of frames that are examined, in bytes; longer frames pass. It is 2^14, which no peer exceeds
 * unless it is allowed to (RFC 9113 §4.2).
 */
const maxPayloadBytes = 16_384;

export function typeOf(frame: Buffer): number | undefined {
  return frame[3];
}

export function has(frame: Buffer, mask: number): boolean {
  return ((frame[flagsAt] ?? 0) & mask) !== 0;
}

/**
 * Tells whether a frame is too short for its type. RST_STREAM has an error code (RFC 9113 §6.4); GOAWAY has a last
 * stream id and an error code (§6.8).
 */
export function isTooShort(frame: Buffer): boolean {
  return frame.length < headBytes + (minPayloadBytes[frame[3] as number] ?? 0);
}

const minPayloadBytes: Record<number, number> = { [frameType.rstStream]: 4, [frameType.goaway]: 8 };

export function streamIdOf(frame: Buffer): number {
  return frame.readUInt32BE(5) & 0x7fff_ffff;
}

/** Returns the number at the beginning of a frame's payload. */
export function payloadOf(frame: Buffer): number {
  return frame.readUInt32BE(headBytes);
}

export function setPayload(frame: Buffer, value: number): void {
  frame.writeUInt32BE(value, headBytes);
}

/** Parses a GOAWAY: Last-Stream-ID (4), Error Code (4), Additional Debug Data, RFC 9113 §6.8. */
export function goAwayOf(frame: Buffer): GoAway {
  return {
    lastStreamId: payloadOf(frame) & 0x7fff_ffff,
    code: frame.readUInt32BE(headBytes + 4),
    debug: frame.toString("utf8", headBytes + 8),
  };
}

/** Examines frames that pass. It may change them in place. */
export interface FrameVisitor {
  /** The types for which `frame` is called. */
  readonly types: readonly number[];
  /** Called with a complete frame of one of these types. Returns whether it is passed on. */
  frame(frame: Buffer): boolean;
  /** Called with the header of a DATA frame. */
  dataHead?(head: Buffer): void;
  /** Called with a part of the data of a DATA frame. */
  data?(streamId: number, part: Buffer): void;
}

/** Splits a stream of bytes, in whatever pieces it arrives, into frames, and passes it on. */
export class FrameFilter {
  /** The bytes of a frame that are still to pass, and its stream if they are DATA. */
  #passing: { bytes: number; streamId?: number };
  /** The beginning of a frame that is still incomplete. */
  #held: Buffer | undefined;

  constructor(
    private readonly visitor: FrameVisitor,
    /** The number of bytes before the first frame. */
    prefaceBytes = 0,
  ) {
    this.#passing = { bytes: prefaceBytes };
  }

  /** Returns the bytes to pass on, of these and of those held back before. */
  pass(chunk: Buffer): Buffer[] {
    const { visitor } = this;
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const out: Buffer[] = [];
    let start = 0;
    let at = this.#letPass(bytes, 0);
    while (at + headBytes <= bytes.length) {
      const head = bytes.subarray(at, at + headBytes);
      const payloadBytes = head.readUIntBE(0, 3);
      const end = at + headBytes + payloadBytes;
      if (payloadBytes > maxPayloadBytes || !this.#needsWhole(head)) {
        this.#passing = { bytes: payloadBytes };
        if (typeOf(head) === frameType.data) {
          visitor.dataHead?.(head);
          this.#passing.streamId = streamIdOf(head);
        }
        at = this.#letPass(bytes, at + headBytes);
        continue;
      }
      if (end > bytes.length) {
        break;
      }
      const frame = bytes.subarray(at, end);
      if (!this.#visit(frame)) {
        add(out, bytes.subarray(start, at));
        start = end;
      }
      at = end;
    }
    add(out, bytes.subarray(start, at));
    this.#held = at < bytes.length ? bytes.subarray(at) : undefined;
    return out;
  }

  /** Tells whether a frame is examined only when it is complete: padded DATA, and the types that the visitor names. */
  #needsWhole(head: Buffer): boolean {
    const type = typeOf(head) as number;
    return type === frameType.data ? has(head, flag.padded) : this.visitor.types.includes(type);
  }

  #visit(frame: Buffer): boolean {
    if (typeOf(frame) !== frameType.data) {
      return this.visitor.frame(frame);
    }
    // Pad Length (1), Data, Padding: RFC 9113 §6.1.
    const padding = frame[headBytes] ?? 0;
    this.visitor.dataHead?.(frame);
    this.visitor.data?.(
      streamIdOf(frame),
      frame.subarray(headBytes + 1, Math.max(headBytes + 1, frame.length - padding)),
    );
    return true;
  }

  /** Lets the rest of a frame pass, as far as it has arrived. */
  #letPass(bytes: Buffer, at: number): number {
    const passing = this.#passing;
    const end = Math.min(at + passing.bytes, bytes.length);
    passing.bytes -= end - at;
    if (passing.streamId !== undefined && end > at) {
      this.visitor.data?.(passing.streamId, bytes.subarray(at, end));
    }
    return end;
  }
}

function add(list: Buffer[], piece: Buffer): void {
  if (piece.length > 0) {
    list.push(piece);
  }
}
