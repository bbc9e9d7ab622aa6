import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, FRAME_HEADER_BYTES, FrameHeader, FrameType } from "../frame/frame-header.js";
import { paddingOf } from "../frame/padding.js";

/** Receives what a FrameReader finds. A method may throw a ConnectionError; the reader must not be used after that. */
export interface FrameSink {
  /**
   * Receives a complete frame other than DATA with its payload `[start, end)`. All of it is valid during the call only.
   */
  onFrame(frame: FrameHeader, buffer: Uint8Array, start: number, end: number): void;
  /**
   * Receives the header of such a frame before its payload has arrived, so that a frame that is too large can be
   * refused.
   */
  onFrameHeader(frame: FrameHeader): void;
  /**
   * Receives the header of a DATA frame. `padding` bytes of its payload are padding, including the pad length itself.
   */
  onDataBegin(frame: FrameHeader, padding: number): void;
  /**
   * Receives the next bytes of its data, valid during the call only. It is called at least once, the last time with
   * `isLast`.
   */
  onDataPiece(buffer: Uint8Array, start: number, end: number, isLast: boolean): void;
}

/** The rest of a DATA frame that has arrived in part. Its data is passed on as it arrives. */
interface PartialData {
  dataLeft: number;
  paddingLeft: number;
}

/**
 * Splits received bytes into frames, in place. Only a frame header or a frame other than DATA that the end of a chunk
 * cuts is copied, into `carry`, until it is complete.
 */
export class FrameReader {
  /** Our SETTINGS_MAX_FRAME_SIZE that the peer must obey now, in bytes. */
  maxFrameSize: number;
  /** Whether the connection has ended, perhaps within a chunk: the rest of the chunk is then ignored. */
  stopped = false;
  private readonly sink: FrameSink;
  private readonly frame = new FrameHeader();
  private carry: Buffer | null = null;
  private carried = 0;
  private readonly partial: PartialData = { dataLeft: 0, paddingLeft: 0 };
  private inData = false;
  /** The number of bytes left of an unknown frame, which is skipped (RFC 9113 §5.5). */
  private skip = 0;

  constructor(sink: FrameSink, maxFrameSize: number) {
    this.sink = sink;
    this.maxFrameSize = maxFrameSize;
  }

  /**
   * Reads until all bytes or `maxFrames` frames have been processed. The rest of a frame that began in an earlier chunk
   * does not count.
   * @returns the position at which it stopped: the start of a frame, or the end
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
   * An object that identifies the incomplete frame other than DATA. It is null if there is none, or if not even its
   * header is complete.
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

  /** Processes the last bytes of a chunk, which contain the start of a frame only. */
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
        this.keep(FRAME_HEADER_BYTES + 1, buffer, start, end); // the pad length is needed first
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
      this.sink.onFrame(frame, buffer, start, start); // its payload is not used
      this.skip = length - (have - FRAME_HEADER_BYTES);
      return;
    }
    this.keep(FRAME_HEADER_BYTES + length, buffer, start, end);
  }

  /**
   * Continues with the frame that the last chunk left incomplete.
   * @returns the position of the next frame in this chunk
   */
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
    // It is complete: a frame, or a header that tells how much is missing. Either way it is read as a chunk of its own.
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
