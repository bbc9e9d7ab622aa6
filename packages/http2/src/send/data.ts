import { type AbuseGuard, MIN_EARNING_DATA } from "../connection/abuse-limits.js";
import { initialSettings, type PeerSettings } from "../connection/settings.js";
import { ConnectionError, ErrorCode } from "../errors.js";
import { writeDataHeader } from "../frame/data.js";
import { FRAME_HEADER_BYTES } from "../frame/frame-header.js";
import { grownWindow } from "../stream/flow-window.js";
import { Outbox, type SendingStream } from "./outbox.js";
import type { Output } from "./output.js";
import type { SendQueueLimit } from "./queue-limit.js";

/** A body up to this size is copied at once; a larger one leaves by reference, as a piece of its own in writev. */
export const MAX_COPIED_BYTES = 16_384;

/**
 * What a stream sends before it is another's turn, in one frame or several. Others wait for no more than this takes, some 50 µs; and of
 * many bodies of 64 KiB at once, some are whole early, where all would be unfinished until the end.
 */
const MAX_TURN = 2 ** 17;

/** DATA waits in its stream's outbox while this much waits for the socket. Control frames and headers go on. */
const BATCH_BYTES = 2 ** 19;

/**
 * Sends DATA within the peer's windows (RFC 9113 §5.2). Whoever may not send now waits in line; each turn a stream sends so much and
 * goes to the end of the line, so one large body does not hold up the others.
 */
export class DataSender {
  /** The connection's window. */
  window = initialSettings.initialWindowSize;
  /** What all outboxes cost in memory. */
  waitingBytes = 0;
  /** Of DATA, ever. */
  sentBytes = 0;
  /** The DATA frame that `copy` has written last. */
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

  /** Whether `length` bytes can leave at once, copied, as one frame. */
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
   * `prefix` and `body`, which mayCopyNow has allowed, in a DATA frame; in that before if nothing has come in between. Small
   * messages in frames of their own would cost both sides a fifth more, and Rust's h2 ends a connection that has many.
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

  /** For a frame written by someone else. */
  account(stream: SendingStream, length: number): void {
    stream.sendWindow -= length;
    this.window -= length;
    this.sentBytes += length;
  }

  /** The outbox of a stream that has to wait, from now on in line. */
  queue(stream: SendingStream, prefix: Uint8Array | null, body: Uint8Array | null): Outbox {
    let outbox = stream.outbox;
    if (outbox === null) {
      outbox = new Outbox(stream);
      stream.outbox = outbox;
      this.join(outbox);
    }
    // Callers use their memory over and over.
    if (prefix !== null) outbox.push(new Uint8Array(prefix));
    if (body !== null) outbox.push(body.length > MAX_COPIED_BYTES ? body : new Uint8Array(body));
    this.charge(outbox);
    return outbox;
  }

  /** Brings up to date what an outbox counts for. */
  private charge(outbox: Outbox): void {
    const isGone = outbox.stream.outbox !== outbox;
    const cost = isGone ? 0 : outbox.cost;
    const more = cost - outbox.charged;
    if (more === 0) return;
    outbox.charged = cost;
    this.waitingBytes += more;
    this.queueLimit.changed(more);
  }

  drop(stream: SendingStream): void {
    const { outbox } = stream;
    if (outbox === null) return;
    outbox.dropped = true;
    stream.outbox = null;
    this.charge(outbox);
    this.leave(outbox); // what is before it in line may wait for ever
  }

  growConnectionWindow(increment: number): void {
    const window = grownWindow(this.window, increment);
    if (window < this.window) throw windowOverflow(0, increment);
    this.window = window;
    if (this.head !== null) this.output.schedule();
  }

  /** False when the window would exceed 2^31 - 1, an error of the stream (RFC 9113 §6.9.1). */
  growStreamWindow(stream: SendingStream, increment: number): boolean {
    const window = grownWindow(stream.sendWindow, increment);
    if (window === Number.NEGATIVE_INFINITY) return false;
    stream.sendWindow = window;
    if (window > 0 && stream.outbox !== null) this.join(stream.outbox);
    return true;
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE changed: every stream's window moves by as much, below zero too (RFC 9113 §6.9.2). */
  shiftWindows(streams: readonly SendingStream[], delta: number): void {
    for (const stream of streams) {
      if (!this.growStreamWindow(stream, delta)) throw windowOverflow(stream.id, delta);
    }
  }

  /** Sends as much as windows and the batch allow, one turn for each in line, again and again. */
  pump(): void {
    const { output } = this;
    while (this.head !== null) {
      const outbox = this.head;
      const { stream } = outbox;
      if (outbox.bytes > 0) {
        if (this.window <= 0 || output.pendingBytes >= BATCH_BYTES) return;
        this.leave(outbox);
        if (stream.sendWindow <= 0) continue; // until a WINDOW_UPDATE or new settings
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

  /** Returns how much was in it. */
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

  /** Nothing left but the end: an empty DATA frame, or trailers. */
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

/** Returns where it ends. */
export function copyMessage(
  buffer: Uint8Array,
  at: number,
  prefix: Uint8Array | null,
  body: Uint8Array | null,
): number {
  if (prefix !== null) at = copy(buffer, at, prefix);
  return body === null ? at : copy(buffer, at, body);
}

/** Returns where it ends. */
export function copy(buffer: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length > SHORT) buffer.set(bytes, at);
  else for (let i = 0; i < length; i++) buffer[at + i] = bytes[i]!;
  return at + length;
}

/** Up to this a loop is faster than a call of `set`. */
const SHORT = 12;

function windowOverflow(streamId: number, increment: number): ConnectionError {
  const whose = streamId === 0 ? "the connection" : `stream ${streamId}`;
  const message = `window of ${whose} would exceed 2^31 - 1 with ${increment} more`;
  return new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, message);
}
