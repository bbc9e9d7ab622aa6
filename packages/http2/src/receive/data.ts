import type { Connection } from "../connection/connection.js";
import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, type FrameHeader } from "../frame/frame-header.js";
import { areHeadersReceived, mayReceive } from "../stream/state.js";
import type { Stream } from "../stream/stream.js";
import type { ReceiveWindows } from "./windows.js";

/**
 * Receives DATA: checks it against both windows (RFC 9113 §6.9) and content-length (§8.1.1), and hands it up. Every byte of a frame
 * counts, padding too. A stream's window opens again as its bytes are consumed, the connection's as memory allows.
 */
export class DataReceiver {
  private readonly connection: Connection;
  private readonly windows: ReceiveWindows;
  /** Of the frame being received; null when its bytes are nobody's. */
  private stream: Stream | null = null;
  private endStream = false;

  constructor(connection: Connection, windows: ReceiveWindows) {
    this.connection = connection;
    this.windows = windows;
  }

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
    else stream.unread = bytes; // it may be paused by what follows
    if (endStream) stream.endReceived();
    if (bytes > 0 || endStream) stream.deliverData(buffer, start, end, endStream);
    if (stream.isPaused) return;
    stream.unread = 0;
    windows.announce(stream);
  }

  /** False when the frame is an error of its stream, which is then reset. */
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
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "body does not have the length that content-length says");
    return false;
  }
}
