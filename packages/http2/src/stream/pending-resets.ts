import { FRAME_HEADER_BYTES, FrameHeader, FrameType } from "../frame/frame-header.js";
import { parseRstStream, RST_STREAM_BYTES } from "../frame/rst-stream.js";

/**
 * The streams whose RST_STREAM has been found in received bytes that wait for a later turn. Frames that precede it must
 * not open the stream or add to it. There are at most as many as fit into the bytes of one read: 5,041.
 */
export class PendingResets {
  private ids: Set<number> | null = null;

  has(id: number): boolean {
    return this.ids?.has(id) === true;
  }

  /** Forgets a stream whose RST_STREAM is being processed. @returns whether it had been found before */
  forget(id: number): boolean {
    if (this.ids === null || !this.ids.delete(id)) return false;
    if (this.ids.size === 0) this.ids = null;
    return true;
  }

  /**
   * Finds RST_STREAM frames in bytes that begin with a frame.
   * @param onReset returns whether the stream must be remembered
   */
  find(buffer: Uint8Array, onReset: (streamId: number, code: number) => boolean): void {
    const frame = new FrameHeader();
    for (let at = 0; at + RST_STREAM_BYTES <= buffer.length; ) {
      frame.read(buffer, at);
      const body = at + FRAME_HEADER_BYTES;
      const end = body + frame.length;
      // A malformed RST_STREAM is skipped here: it ends the connection when it is processed.
      if (frame.type === FrameType.RST_STREAM && end === at + RST_STREAM_BYTES) {
        const { streamId } = frame;
        if (streamId > 0 && onReset(streamId, parseRstStream(streamId, buffer, body, end))) {
          this.ids ??= new Set();
          this.ids.add(streamId);
        }
      }
      at = end;
    }
  }
}
