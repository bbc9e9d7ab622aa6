import type { PeerSettings } from "../connection/settings.js";
import { HeaderListSizeError } from "../errors.js";
import { writeContinuationHeader } from "../frame/continuation.js";
import { FRAME_HEADER_BYTES } from "../frame/frame-header.js";
import { writeHeadersHeader } from "../frame/headers.js";
import { Encoder, type EncoderOptions } from "../hpack/encoder.js";
import { type HeaderBlock, listSize } from "../hpack/header-block.js";
import type { Output } from "./output.js";

/** Writes field blocks as HEADERS and, if they are larger than a frame, CONTINUATION (RFC 9113 §4.3). */
export class FieldBlockWriter {
  readonly encoder: Encoder;
  private readonly output: Output;
  private readonly peer: PeerSettings;

  constructor(output: Output, peer: PeerSettings, options: EncoderOptions) {
    this.output = output;
    this.peer = peer;
    this.encoder = new Encoder(options);
  }

  /**
   * Checks fields before `write()`, which must not fail, because an encoded block must be sent.
   * @throws TypeError for fields that RFC 9113 §8.2 forbids, HeaderListSizeError for more than the peer accepts
   */
  check(block: HeaderBlock, extra: readonly string[]): void {
    if (extra.length > 0) this.encoder.checkExtra(extra);
    const limit = this.peer.maxHeaderListSize;
    const size = extra.length === 0 ? block.size : block.size + listSize(extra);
    if (size > limit) throw new HeaderListSizeError(size, limit);
  }

  /**
   * Returns the bytes of a block if they are known and may be written unchanged as one frame. If it returns null,
   * `check()` and `write()` are needed.
   */
  encoded(block: HeaderBlock): Uint8Array | null {
    const bytes = this.encoder.known(block);
    if (bytes === null || bytes.length > this.peer.maxFrameSize || block.size > this.peer.maxHeaderListSize)
      return null;
    return bytes;
  }

  /** Encodes and writes the fields of a message. */
  write(streamId: number, block: HeaderBlock, extra: readonly string[], endStream: boolean): void {
    const { encoder, output } = this;
    if (encoder.updateDue) {
      this.writeWhole(streamId, block, extra, endStream);
      return;
    }
    const bytes = encoder.encode(block);
    const { length } = bytes;
    const room = extra.length === 0 ? length : length + encoder.maxExtraBytes(extra);
    if (room > this.peer.maxFrameSize) {
      this.writeFragments(streamId, this.assemble(bytes, extra), endStream);
      return;
    }
    output.reserve(FRAME_HEADER_BYTES + room);
    const { buffer } = output;
    const start = output.at + FRAME_HEADER_BYTES;
    if (length <= 24) for (let i = 0; i < length; i++) buffer[start + i] = bytes[i]!;
    else buffer.set(bytes, start);
    let end = start + length;
    if (extra.length > 0) end = encoder.writeExtra(buffer, end, extra);
    writeHeadersHeader(buffer, output.at, streamId, end - start, true, endStream);
    output.at = end;
  }

  /** Writes a block that must begin with updates of the table size (RFC 7541 §4.2). */
  private writeWhole(streamId: number, block: HeaderBlock, extra: readonly string[], endStream: boolean): void {
    const updates = new Uint8Array(Encoder.SIZE_UPDATE_BYTES);
    const updateBytes = this.encoder.writeSizeUpdates(updates, 0);
    const fields = this.assemble(this.encoder.encode(block), extra);
    const whole = new Uint8Array(updateBytes + fields.length);
    whole.set(updates.subarray(0, updateBytes));
    whole.set(fields, updateBytes);
    this.writeFragments(streamId, whole, endStream);
  }

  private assemble(bytes: Uint8Array, extra: readonly string[]): Uint8Array {
    const whole = new Uint8Array(bytes.length + this.encoder.maxExtraBytes(extra));
    whole.set(bytes);
    return whole.subarray(0, this.encoder.writeExtra(whole, bytes.length, extra));
  }

  private writeFragments(streamId: number, block: Uint8Array, endStream: boolean): void {
    const { output } = this;
    const { maxFrameSize } = this.peer;
    for (let start = 0; start === 0 || start < block.length; start += maxFrameSize) {
      const end = Math.min(block.length, start + maxFrameSize);
      const isLast = end === block.length;
      output.reserve(FRAME_HEADER_BYTES + end - start);
      const { buffer } = output;
      const at =
        start === 0
          ? writeHeadersHeader(buffer, output.at, streamId, end - start, isLast, endStream)
          : writeContinuationHeader(buffer, output.at, streamId, end - start, isLast);
      buffer.set(block.subarray(start, end), at);
      output.at = at + end - start;
    }
  }
}
