import { FRAME_HEADER_BYTES, FrameHeader, FrameType } from "../frame/frame-header.js";
import { parseRstStream, RST_STREAM_BYTES } from "../frame/rst-stream.js";

/**
 * Streams whose RST_STREAM has been seen in what is received and not acted on yet. Frames that come before it are not to open or feed the
 * stream any more. There are at most as many as fit into what one read brings: 5,041.
 */
export class PendingResets {
  private ids: Set<number> | null = null;

  has(id: number): boolean {
    return this.ids?.has(id) === true;
  }

  /** Its RST_STREAM is being acted on. @returns whether it had been seen before */
  forget(id: number): boolean {
    if (this.ids === null || !this.ids.delete(id)) return false;
    if (this.ids.size === 0) this.ids = null;
    return true;
  }

  /**
   * Looks for RST_STREAM in bytes that begin with a frame.
   * @param onReset returns whether the stream is to be remembered
   */
  find(buffer: Uint8Array, onReset: (streamId: number, code: number) => boolean): void {
    const frame = new FrameHeader();
    for (let at = 0; at + RST_STREAM_BYTES <= buffer.length; ) {
      frame.read(buffer, at);
      const body = at + FRAME_HEADER_BYTES;
      const end = body + frame.length;
      // One that is malformed ends the connection in its turn.
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
