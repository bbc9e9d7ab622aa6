import type { Connection } from "../connection/connection.js";
import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, type FrameHeader } from "../frame/frame-header.js";
import { areHeadersReceived, mayReceive } from "../stream/state.js";
import type { Stream } from "../stream/stream.js";
import type { ReceiveWindows } from "./windows.js";

/**
 * Receives DATA: it checks it against both windows (RFC 9113 §6.9) and against content-length (§8.1.1), and passes it
 * to the owner of the stream. Every byte of the payload counts, including padding. The stream's window is replenished
 * as its bytes are consumed, the connection's window as memory allows.
 */
export class DataReceiver {
  private readonly connection: Connection;
  private readonly windows: ReceiveWindows;
  /** The stream of the frame that is being received, or null if its bytes are to be ignored. */
  private stream: Stream | null = null;
  private endStream = false;

  constructor(connection: Connection, windows: ReceiveWindows) {
    this.connection = connection;
    this.windows = windows;
  }

  /** Checks the header of a frame. `padding` bytes of its payload are padding, including the pad length itself. */
  begin(frame: FrameHeader, padding: number): void {
    const { connection, windows } = this;
    const { streamId, length } = frame;
    const endStream = frame.has(Flag.END_STREAM);
    if (length > windows.window) {
      const message = `data frame of ${length} bytes exceeds the connection's window of ${windows.window}`;
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, message);
    }
    if (length > padding) connection.guard.dataMoved();
    else if (!endStream) connection.guard.countControl();

    const stream = connection.streams.get(streamId) ?? null;
    this.stream = stream !== null && this.admit(stream, length, padding, endStream) ? stream : null;
    this.endStream = endStream;
    if (stream === null) connection.onClosedStreamData(streamId, endStream);
    if (padding === 0) return;
    windows.window -= padding;
    if (this.stream !== null) {
      this.stream.receiveWindow -= padding;
      windows.announce(this.stream);
    }
    windows.replenish();
  }

  /** Forgets a stream that has ended, which would otherwise stay in memory with its call until the next DATA. */
  forget(stream: Stream): void {
    if (this.stream === stream) this.stream = null;
  }

  /** Receives the next bytes of the frame's data. */
  piece(buffer: Uint8Array, start: number, end: number, isLast: boolean): void {
    const { stream, windows } = this;
    const bytes = end - start;
    windows.window -= bytes;
    if (stream !== null && !stream.isClosed) this.deliver(stream, buffer, start, end, isLast && this.endStream);
    windows.replenish();
  }

  private deliver(stream: Stream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    const { windows } = this;
    const bytes = end - start;
    stream.receiveWindow -= bytes;
    if (stream.isPaused) windows.hold(stream, bytes);
    else stream.unread = bytes; // the callback below may pause the stream
    if (endStream) stream.endReceived();
    if (bytes > 0 || endStream) stream.deliverData(buffer, start, end, endStream);
    if (stream.isPaused) return;
    stream.unread = 0;
    windows.announce(stream);
  }

  /** Checks a frame against the state of its stream. @returns false if it is an error and the stream has been reset */
  private admit(stream: Stream, length: number, padding: number, endStream: boolean): boolean {
    const { connection } = this;
    if (!mayReceive(stream.state)) {
      connection.streamError(stream, ErrorCode.STREAM_CLOSED, "data frame after the end of the message");
      return false;
    }
    if (!areHeadersReceived(stream.state)) {
      connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "data frame before headers");
      return false;
    }
    if (length > stream.receiveWindow) {
      const message = `data frame of ${length} bytes exceeds the stream's window of ${stream.receiveWindow}`;
      connection.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, message);
      return false;
    }
    if (stream.bodyLeft < 0) return true;
    stream.bodyLeft -= length - padding;
    if (stream.bodyLeft >= 0 && (!endStream || stream.bodyLeft === 0)) return true;
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "length of the body differs from its content-length");
    return false;
  }
}
