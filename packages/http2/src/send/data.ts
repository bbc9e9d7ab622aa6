import { type AbuseGuard, MIN_EARNING_DATA } from "../connection/abuse-limits.js";
import { initialSettings, type PeerSettings } from "../connection/settings.js";
import { ConnectionError, ErrorCode } from "../errors.js";
import { writeDataHeader } from "../frame/data.js";
import { FRAME_HEADER_BYTES } from "../frame/frame-header.js";
import { grownWindow } from "../stream/flow-window.js";
import { Outbox, type SendingStream } from "./outbox.js";
import type { Output } from "./output.js";
import type { SendQueueLimit } from "./queue-limit.js";

/**
 * The size up to which a body is copied at once, in bytes. A larger one is sent by reference, as a buffer of its own.
 */
export const MAX_COPIED_BYTES = 16_384;

/**
 * The number of bytes that a stream sends, in one frame or several, before the next stream gets its turn. The others
 * wait for about 50 µs at most. If many bodies of 64 KiB are sent at once, some of them are complete early, rather than
 * all of them at the end.
 */
const MAX_TURN = 2 ** 17;

/** The number of bytes waiting for the socket at which DATA stays in its outbox. Other frames are still written. */
const BATCH_BYTES = 2 ** 19;

/**
 * Sends DATA within the peer's windows (RFC 9113 §5.2). Streams that have to wait form a line. Each sends a limited
 * number of bytes and goes to the end of the line, so that one large body does not hold up the others.
 *
 * This folder contains everything between the API and the socket: the batch of frames that is written at the end of a
 * turn, field blocks, DATA, and what waits to be sent. It mirrors receive/; how a frame is laid out belongs to frame/,
 * and HPACK to hpack/.
 */
export class DataSender {
  /** The number of bytes that we may still send on the connection. */
  window = initialSettings.initialWindowSize;
  /** The memory that all outboxes occupy, in bytes. */
  waitingBytes = 0;
  /** The number of DATA bytes that have been sent so far. */
  sentBytes = 0;
  /** The DATA frame that `copy()` has written last. */
  private readonly last = { streamId: 0, batch: 0, start: 0, end: -1, length: 0 };
  private readonly output: Output;
  private readonly peer: PeerSettings;
  private readonly guard: AbuseGuard;
  private head: Outbox | null = null;
  private tail: Outbox | null = null;
  private readonly queueLimit: SendQueueLimit;

  constructor(output: Output, peer: PeerSettings, guard: AbuseGuard, queueLimit: SendQueueLimit) {
    this.output = output;
    this.peer = peer;
    this.guard = guard;
    this.queueLimit = queueLimit;
  }

  /** Tells whether `length` bytes can be sent at once, by copying them into one frame. */
  mayCopyNow(stream: SendingStream, length: number): boolean {
    return (
      length <= MAX_COPIED_BYTES &&
      length <= stream.sendWindow &&
      length <= this.window &&
      length <= this.peer.maxFrameSize &&
      stream.outbox === null &&
      this.head === null &&
      this.output.pendingBytes < BATCH_BYTES
    );
  }

  /**
   * Writes `prefix` and `body`, which `mayCopyNow()` must have allowed, into a DATA frame; into the last one if nothing
   * has been written since. A frame for each small message would cost both sides a fifth more, and Rust's h2 ends a
   * connection with many small frames.
   */
  copy(stream: SendingStream, prefix: Uint8Array | null, body: Uint8Array | null, end: boolean): void {
    const { output, last } = this;
    const bodyBytes = body === null ? 0 : body.length;
    const length = prefix === null ? bodyBytes : prefix.length + bodyBytes;
    const total = last.length + length;
    if (
      last.streamId === stream.id &&
      last.end === output.at &&
      total <= this.peer.maxFrameSize &&
      output.mayAmend(last.batch, last.start, length)
    ) {
      writeDataHeader(output.buffer, last.start, stream.id, total, end);
      last.length = total;
    } else {
      output.reserve(FRAME_HEADER_BYTES + length);
      last.batch = output.batch;
      last.start = output.at;
      last.streamId = stream.id;
      last.length = length;
      output.at = writeDataHeader(output.buffer, output.at, stream.id, length, end);
    }
    output.at = last.end = copyMessage(output.buffer, output.at, prefix, body);
    this.account(stream, length);
    this.guard.dataMoved();
  }

  /** Accounts for a DATA frame that another function has written. */
  account(stream: SendingStream, length: number): void {
    stream.sendWindow -= length;
    this.window -= length;
    this.sentBytes += length;
  }

  /** Adds data to the outbox of a stream, which it creates and puts into the line if necessary. @returns the outbox */
  queue(stream: SendingStream, prefix: Uint8Array | null, body: Uint8Array | null): Outbox {
    let outbox = stream.outbox;
    if (outbox === null) {
      outbox = new Outbox(stream);
      stream.outbox = outbox;
      this.join(outbox);
    }
    // Callers reuse the memory of prefixes and small bodies.
    if (prefix !== null) outbox.push(new Uint8Array(prefix));
    if (body !== null) outbox.push(body.length > MAX_COPIED_BYTES ? body : new Uint8Array(body));
    this.charge(outbox);
    return outbox;
  }

  /** Updates the memory that is recorded for an outbox. */
  private charge(outbox: Outbox): void {
    const isGone = outbox.stream.outbox !== outbox;
    const cost = isGone ? 0 : outbox.cost;
    const more = cost - outbox.charged;
    if (more === 0) return;
    outbox.charged = cost;
    this.waitingBytes += more;
    this.queueLimit.changed(more);
  }

  /** Drops the queued data of a stream. */
  drop(stream: SendingStream): void {
    const { outbox } = stream;
    if (outbox === null) return;
    outbox.dropped = true;
    stream.outbox = null;
    this.charge(outbox);
    this.leave(outbox); // at once, since an outbox before it may wait for ever
  }

  /** Handles WINDOW_UPDATE for the connection. @throws ConnectionError if the window would exceed 2^31 - 1 (§6.9.1) */
  growConnectionWindow(increment: number): void {
    const window = grownWindow(this.window, increment);
    if (window < this.window) throw windowOverflow(0, increment);
    this.window = window;
    if (this.head !== null) this.output.schedule();
  }

  /** Grows a stream's window. @returns false if it would exceed 2^31 - 1, which is a stream error (RFC 9113 §6.9.1) */
  growStreamWindow(stream: SendingStream, increment: number): boolean {
    const window = grownWindow(stream.sendWindow, increment);
    if (window === Number.NEGATIVE_INFINITY) return false;
    stream.sendWindow = window;
    if (window > 0 && stream.outbox !== null) this.join(stream.outbox);
    return true;
  }

  /**
   * Changes the windows of all streams by the same amount, also below zero, because the peer has changed its
   * SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.9.2).
   */
  shiftWindows(streams: readonly SendingStream[], delta: number): void {
    for (const stream of streams) {
      if (!this.growStreamWindow(stream, delta)) throw windowOverflow(stream.id, delta);
    }
  }

  /** Sends as much as the windows and the batch allow. The streams in the line take turns. */
  pump(): void {
    const { output } = this;
    while (this.head !== null) {
      const outbox = this.head;
      const { stream } = outbox;
      if (outbox.bytes > 0) {
        if (this.window <= 0 || output.pendingBytes >= BATCH_BYTES) return;
        this.leave(outbox);
        if (stream.sendWindow <= 0) continue; // it joins again with WINDOW_UPDATE or new settings
        this.takeTurn(outbox);
      } else {
        this.leave(outbox);
        this.writeEnd(outbox);
      }
      if (outbox.dropped) continue;
      if (stream.outbox === outbox) this.join(outbox);
      else if (!outbox.end) stream.drained();
    }
  }

  private takeTurn(outbox: Outbox): void {
    const { stream } = outbox;
    for (let left = MAX_TURN; left > 0 && outbox.bytes > 0; ) {
      const limit = Math.min(stream.sendWindow, this.window, this.peer.maxFrameSize, left);
      if (limit <= 0) return;
      left -= this.writeFrame(outbox, limit);
    }
  }

  /** Writes one DATA frame of at most `limit` bytes. @returns the number of bytes */
  private writeFrame(outbox: Outbox, limit: number): number {
    const { output } = this;
    const { stream } = outbox;
    const length = Math.min(outbox.bytes, limit);
    const isLast = length === outbox.bytes;
    const end = isLast && outbox.end && outbox.trailers === null;
    output.reserve(FRAME_HEADER_BYTES);
    output.at = writeDataHeader(output.buffer, output.at, stream.id, length, end);
    for (let rest = length; rest > 0; ) {
      const piece = outbox.take(rest);
      rest -= piece.length;
      if (piece.length >= MAX_COPIED_BYTES) output.append(piece);
      else {
        output.reserve(piece.length);
        output.buffer.set(piece, output.at);
        output.at += piece.length;
      }
      if (outbox.taken !== null && outbox.taken.length > MAX_COPIED_BYTES) output.notifyWhenSent(stream, outbox.taken);
    }
    this.account(stream, length);
    if (isLast || length >= MIN_EARNING_DATA) this.guard.dataMoved();
    if (isLast) stream.outbox = null;
    this.charge(outbox);
    if (!isLast) return length;
    if (outbox.end) stream.outboxEnded(outbox);
    return length;
  }

  /** Writes the end of a stream without queued data: an empty DATA frame, or trailers. */
  private writeEnd(outbox: Outbox): void {
    const { stream } = outbox;
    stream.outbox = null;
    this.charge(outbox);
    if (!outbox.end) return;
    if (outbox.trailers === null) this.copy(stream, null, null, true);
    stream.outboxEnded(outbox);
  }

  private join(outbox: Outbox): void {
    if (outbox.inLine) return;
    outbox.inLine = true;
    outbox.previous = this.tail;
    if (this.tail === null) this.head = outbox;
    else this.tail.next = outbox;
    this.tail = outbox;
    this.output.schedule();
  }

  private leave(outbox: Outbox): void {
    if (!outbox.inLine) return;
    const { previous, next } = outbox;
    if (previous === null) this.head = next;
    else previous.next = next;
    if (next === null) this.tail = previous;
    else next.previous = previous;
    outbox.previous = outbox.next = null;
    outbox.inLine = false;
  }
}

/** Copies a prefix and a body into a buffer. @returns the position after them */
export function copyMessage(
  buffer: Uint8Array,
  at: number,
  prefix: Uint8Array | null,
  body: Uint8Array | null,
): number {
  if (prefix !== null) at = copy(buffer, at, prefix);
  return body === null ? at : copy(buffer, at, body);
}

/** Copies bytes into a buffer. @returns the position after them */
export function copy(buffer: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length > SHORT) buffer.set(bytes, at);
  else for (let i = 0; i < length; i++) buffer[at + i] = bytes[i]!;
  return at + length;
}

/** The length up to which a loop is faster than `set()`, in bytes. */
const SHORT = 12;

function windowOverflow(streamId: number, increment: number): ConnectionError {
  const whose = streamId === 0 ? "the connection" : `stream ${streamId}`;
  const message = `window of ${whose} would exceed 2^31 - 1 with ${increment} more`;
  return new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, message);
}
