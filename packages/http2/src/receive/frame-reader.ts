import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, FRAME_HEADER_BYTES, FrameHeader, FrameType } from "../frame/frame-header.js";
import { paddingOf } from "../frame/padding.js";

/** What a FrameReader finds. Each method may throw a ConnectionError, after which the reader must not be used again. */
export interface FrameSink {
  /** A whole frame that is not DATA; its payload is `[start, end)`. Header and payload are valid during the call. */
  onFrame(frame: FrameHeader, buffer: Uint8Array, start: number, end: number): void;
  /** The header of such a frame whose payload is still to come: the time to refuse one that is too large. */
  onFrameHeader(frame: FrameHeader): void;
  /** A DATA frame begins: its length counts against flow control, `padding` of it, pad length byte included, is padding. */
  onDataBegin(frame: FrameHeader, padding: number): void;
  /** The next bytes of its data, valid during the call; `isLast` when the frame is complete. Called once at least. */
  onDataPiece(buffer: Uint8Array, start: number, end: number, isLast: boolean): void;
}

/** DATA is handed up as it comes; what remains of a frame while its bytes are awaited. */
interface PartialData {
  dataLeft: number;
  paddingLeft: number;
}

/**
 * Splits what is received into frames, in place: only a frame header, or a frame other than DATA, that is cut by the end of a
 * chunk is copied, into `carry`, until it is whole.
 */
export class FrameReader {
  /** Our SETTINGS_MAX_FRAME_SIZE as it binds the peer. */
  maxFrameSize: number;
  /** Set when the connection is over, perhaps in the middle of a chunk: the rest is ignored. */
  stopped = false;
  private readonly sink: FrameSink;
  private readonly frame = new FrameHeader();
  private carry: Buffer | null = null;
  private carried = 0;
  private readonly partial: PartialData = { dataLeft: 0, paddingLeft: 0 };
  private inData = false;
  /** Of an unknown frame, which is not kept (RFC 9113 §5.5). */
  private skip = 0;

  constructor(sink: FrameSink, maxFrameSize: number) {
    this.sink = sink;
    this.maxFrameSize = maxFrameSize;
  }

  /**
   * Reads on until the bytes are used up, or `maxFrames` more frames are. What was left unfinished before counts for none.
   * @returns where it stopped: at the beginning of a frame, or at the end
   */
  read(buffer: Uint8Array, start: number, end: number, maxFrames: number): number {
    const { frame } = this;
    let at = start;
    let framesLeft = maxFrames;
    if (this.inData || this.skip > 0 || this.carry !== null) at = this.resume(buffer, at, end);
    while (end - at >= FRAME_HEADER_BYTES && !this.stopped) {
      if (framesLeft-- <= 0) return at;
      frame.read(buffer, at);
      const { length } = frame;
      const body = at + FRAME_HEADER_BYTES;
      if (length > this.maxFrameSize) throw this.tooLarge(frame);
      if (end - body < length) break;
      at = body + length;
      if (frame.type === FrameType.DATA) this.wholeData(frame, buffer, body, at);
      else this.sink.onFrame(frame, buffer, body, at);
    }
    if (at < end && !this.stopped) this.begin(buffer, at, end);
    return end;
  }

  /**
   * What stands for the frame other than DATA that is being waited for: the same as long as it is the same frame. Null when there is
   * none, and while not even a frame's header has come.
   */
  get unfinished(): object | null {
    return this.carry !== null && this.carry.length > FRAME_HEADER_BYTES + 1 ? this.carry : null;
  }

  private wholeData(frame: FrameHeader, buffer: Uint8Array, start: number, end: number): void {
    if (!frame.has(Flag.PADDED)) {
      this.sink.onDataBegin(frame, 0);
      this.sink.onDataPiece(buffer, start, end, true);
      return;
    }
    const padding = paddingOf(buffer, start, end);
    this.sink.onDataBegin(frame, padding);
    this.sink.onDataPiece(buffer, start + 1, end - padding + 1, true);
  }

  /** A chunk ends within a frame. */
  private begin(buffer: Uint8Array, start: number, end: number): void {
    const have = end - start;
    if (have < FRAME_HEADER_BYTES) {
      this.keep(FRAME_HEADER_BYTES, buffer, start, end);
      return;
    }
    const { frame } = this;
    frame.read(buffer, start);
    const { length, type } = frame;
    if (length > this.maxFrameSize) throw this.tooLarge(frame);
    if (type === FrameType.DATA) {
      const padded = frame.has(Flag.PADDED);
      if (padded && have === FRAME_HEADER_BYTES) {
        this.keep(FRAME_HEADER_BYTES + 1, buffer, start, end); // the pad length must be known first
        return;
      }
      const body = start + FRAME_HEADER_BYTES;
      const padding = padded ? paddingOf(buffer, body, body + length) : 0;
      this.sink.onDataBegin(frame, padding);
      this.inData = true;
      this.partial.dataLeft = length - padding;
      this.partial.paddingLeft = padded ? padding - 1 : 0;
      this.continueData(buffer, padded ? body + 1 : body, end);
      return;
    }
    this.sink.onFrameHeader(frame);
    if (type > FrameType.CONTINUATION) {
      this.sink.onFrame(frame, buffer, start, start); // nobody looks at its payload
      this.skip = length - (have - FRAME_HEADER_BYTES);
      return;
    }
    this.keep(FRAME_HEADER_BYTES + length, buffer, start, end);
  }

  /** Goes on with what the last chunk left undone; returns where in this chunk a new frame begins. */
  private resume(buffer: Uint8Array, start: number, end: number): number {
    if (this.inData) return this.continueData(buffer, start, end);
    if (this.skip > 0) {
      const skipped = Math.min(this.skip, end - start);
      this.skip -= skipped;
      return start + skipped;
    }
    const { carry } = this;
    if (carry === null) return start;
    const copied = Math.min(carry.length - this.carried, end - start);
    for (let i = 0; i < copied; i++) carry[this.carried + i] = buffer[start + i]!;
    this.carried += copied;
    if (this.carried < carry.length) return end;
    // Whole: a frame, or a header that tells how much more to wait for. Either way it is read as a chunk of its own.
    this.carry = null;
    this.carried = 0;
    this.read(carry, 0, carry.length, 1);
    const at = start + copied;
    const unfinished = this.inData || this.skip > 0 || this.carry !== null;
    return unfinished && !this.stopped ? this.resume(buffer, at, end) : at;
  }

  private continueData(buffer: Uint8Array, start: number, end: number): number {
    const { partial } = this;
    let at = start;
    const data = Math.min(partial.dataLeft, end - at);
    partial.dataLeft -= data;
    const padding = partial.dataLeft === 0 ? Math.min(partial.paddingLeft, end - at - data) : 0;
    partial.paddingLeft -= padding;
    const isLast = partial.dataLeft === 0 && partial.paddingLeft === 0;
    if (isLast) this.inData = false;
    if (data > 0 || isLast) this.sink.onDataPiece(buffer, at, at + data, isLast);
    at += data + padding;
    return at;
  }

  private keep(wanted: number, buffer: Uint8Array, start: number, end: number): void {
    const carry = Buffer.allocUnsafe(wanted);
    this.carried = end - start;
    carry.set(buffer.subarray(start, end));
    this.carry = carry;
  }

  private tooLarge({ type, length }: FrameHeader): ConnectionError {
    const message = `frame of type ${type} has ${length} bytes, more than ${this.maxFrameSize}`;
    return new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, message);
  }
}
