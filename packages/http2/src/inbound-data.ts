import type { Connection } from "./connection.js";
import { ConnectionError, ErrorCode } from "./errors.js";
import { isCreditDue } from "./flow-window.js";
import { WINDOW_UPDATE_BYTES, writeWindowUpdate } from "./frame/window-update.js";
import { initialSettings } from "./settings.js";
import type { Stream } from "./stream.js";
import { MessagePhase, mayReceive } from "./stream-state.js";

/**
 * Receives DATA: checks it against both windows (RFC 9113 §6.9) and content-length (§8.1.1), hands it up, and gives back what
 * has been consumed. Every byte of a frame counts, padding too, and is given back exactly once whatever becomes of its stream.
 */
export class InboundData {
  private readonly connection: Connection;
  /** What the connection's window is to be when all is consumed. */
  private readonly windowSize: number;
  private window = initialSettings.initialWindowSize;
  private credit = 0;
  /** Of the frame being received; null when its bytes are nobody's. */
  private stream: Stream | null = null;
  private endStream = false;

  constructor(connection: Connection, windowSize: number) {
    this.connection = connection;
    this.windowSize = Math.max(windowSize, this.window);
  }

  /** Raises the connection's window, which SETTINGS cannot (§6.9.2), to its size. */
  open(): void {
    this.credit = this.windowSize - this.window;
    if (this.credit > 0) this.updateConnectionWindow();
  }

  begin(streamId: number, length: number, padding: number, endStream: boolean): void {
    const { connection } = this;
    if (length > this.window) {
      const message = `data frame of ${length} bytes exceeds the connection's window of ${this.window}`;
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, message);
    }
    if (length > padding) connection.guard.dataMoved();
    else if (!endStream) connection.guard.countControl();

    const stream = connection.streams.get(streamId) ?? null;
    this.stream = stream !== null && this.admit(stream, length, padding, endStream) ? stream : null;
    this.endStream = endStream;
    if (stream === null) connection.onClosedStreamData(streamId, endStream);
    if (padding === 0) return;
    this.window -= padding;
    if (this.stream !== null) this.stream.receiveWindow -= padding;
    this.give(padding, this.stream);
  }

  piece(buffer: Uint8Array, start: number, end: number, isLast: boolean): void {
    const { stream } = this;
    const bytes = end - start;
    this.window -= bytes;
    if (stream === null || stream.isClosed) {
      this.give(bytes, null);
      return;
    }
    stream.receiveWindow -= bytes;
    const endStream = isLast && this.endStream;
    if (endStream) {
      if (!stream.isPaused) this.settle(stream);
      stream.endReceived();
    }
    if (bytes > 0 || endStream) stream.deliverData(buffer, start, end, endStream);
    if (!stream.isPaused && !stream.isClosed) this.consumeAll(stream);
  }

  /** Everything handed up so far is done with. */
  consumeAll(stream: Stream): void {
    this.consume(stream, this.heldBy(stream));
  }

  consume(stream: Stream, bytes: number): void {
    this.give(Math.min(bytes, this.heldBy(stream)), stream);
  }

  /** Our window size has changed by `delta`: so do all windows (RFC 9113 §6.9.2), and what was little credit may now be much. */
  resize(streams: readonly Stream[], delta: number): void {
    for (const stream of streams) {
      stream.receiveWindow += delta;
      this.announceCredit(stream);
    }
  }

  /** A stream is over: what it held is given back to the connection. */
  settle(stream: Stream): void {
    const held = this.heldBy(stream);
    if (held <= 0) return;
    stream.receiveCredit += held; // of no more use to the stream itself
    this.give(held, null);
  }

  private heldBy(stream: Stream): number {
    return this.connection.local.initialWindowSize - stream.receiveWindow - stream.receiveCredit;
  }

  private give(bytes: number, stream: Stream | null): void {
    if (bytes <= 0) return;
    this.credit += bytes;
    if (isCreditDue(this.credit, this.windowSize)) this.updateConnectionWindow();
    if (stream === null) return;
    stream.receiveCredit += bytes;
    this.announceCredit(stream);
  }

  /** Tells the peer what a stream has consumed, once that is half of what its window is to be. */
  private announceCredit(stream: Stream): void {
    const { local, output } = this.connection;
    if (!isCreditDue(stream.receiveCredit, local.initialWindowSize) || !mayReceive(stream.state)) return;
    output.reserve(WINDOW_UPDATE_BYTES);
    output.at = writeWindowUpdate(output.buffer, output.at, stream.id, stream.receiveCredit);
    stream.receiveWindow += stream.receiveCredit;
    stream.receiveCredit = 0;
  }

  private updateConnectionWindow(): void {
    const { output } = this.connection;
    output.reserve(WINDOW_UPDATE_BYTES);
    output.at = writeWindowUpdate(output.buffer, output.at, 0, this.credit);
    this.window += this.credit;
    this.credit = 0;
  }

  /** False when the frame is an error of its stream, which is then reset. */
  private admit(stream: Stream, length: number, padding: number, endStream: boolean): boolean {
    const { connection } = this;
    if (!mayReceive(stream.state)) {
      connection.streamError(stream, ErrorCode.STREAM_CLOSED, "data frame after the end of the message");
      return false;
    }
    if (stream.received !== MessagePhase.BODY) {
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
