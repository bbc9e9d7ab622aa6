import type { Account } from "../connection/account.js";
import type { Connection } from "../connection/connection.js";
import type { MessageHandler } from "../connection/handlers.js";
import { ErrorCode, type StreamError } from "../errors.js";
import { writeDataHeader } from "../frame/data.js";
import { FRAME_HEADER_BYTES } from "../frame/frame-header.js";
import type { HeaderBlock } from "../hpack/header-block.js";
import { NO_FIELDS } from "../hpack/header-list.js";
import type { WindowExtension } from "../receive/window-extensions.js";
import type { Outbox } from "../send/outbox.js";
import { afterEndReceived, afterEndSent, isClosed, maySendBody, maySendHeaders, StreamState } from "./state.js";

/** A range `[start, end)` of the outgoing buffer that the caller is to fill. */
export interface Reservation {
  buffer: Uint8Array;
  start: number;
  end: number;
}

/**
 * One stream: what client and server have in common. The public members are for the owner of the stream, the internal
 * ones for the connection. It is a plain object of numbers and a few references, under 200 bytes, since a connection
 * may have thousands of streams.
 *
 * This folder contains what belongs to single streams: the state machine, the flow-control arithmetic, the table of
 * open streams, and the sets of closed ones. What reads or writes frames belongs to receive/ or send/.
 */
export abstract class Stream {
  // Fields are declared here and assigned in the constructor: initialisers in derived classes take a fifth of the time
  // of a short exchange.
  /** The stream id: odd, and unique within the connection (RFC 9113 §5.1.1). */
  declare readonly id: number;
  /** Any value that the owner wants to keep with the stream. Default: undefined. */
  declare context: unknown;
  /** @internal The connection of the stream. */
  declare readonly connection: Connection;
  /** @internal The callbacks of the owner. */
  declare handler: MessageHandler<Stream>;
  /** @internal The state, as bits of {@link StreamState}. */
  declare state: number;
  /** @internal The number of bytes that we may still send; negative after some changes of settings. */
  declare sendWindow: number;
  /** The number of DATA bytes that the peer may send now (RFC 9113 §6.9). Only the connection changes it. */
  declare receiveWindow: number;
  /** @internal The number of bytes received and not consumed. It is kept only while the stream is paused. */
  declare unread: number;
  /** @internal The number of bytes by which the receive window has grown beyond its initial size. */
  declare grown: number;
  /** @internal The number of bytes that must arrive before anything can be consumed; see `expect()`. */
  declare expected: number;
  /** @internal The extension of a receive window that is too small for the expected bytes, or null. */
  declare extension: WindowExtension | null;
  /** @internal The memory of the peer's field lists as recorded on the account, in bytes. */
  declare fieldBytes: number;
  /** @internal Whether the owner reports what it has consumed; see `pause()`. */
  declare isPaused: boolean;
  /** @internal Whether unread bytes are recorded on the account by the stream, rather than by the owner. */
  declare isCounted: boolean;
  /** @internal Whether `onDrain` is due: `data()` or `message()` returned false, or `awaitRoom()` was called. */
  declare wantsDrain: boolean;
  /** @internal The number of bytes still missing to the peer's content-length, or -1 if it sent none. */
  declare bodyLeft: number;
  /** @internal The data that waits to be sent, or null. */
  declare outbox: Outbox | null;

  /** @internal */
  constructor(connection: Connection, id: number, handler: MessageHandler<Stream>) {
    this.id = id;
    this.context = undefined;
    this.connection = connection;
    this.handler = handler;
    this.state = StreamState.OPEN;
    this.sendWindow = connection.peer.initialWindowSize;
    this.receiveWindow = connection.local.initialWindowSize;
    this.unread = 0;
    this.grown = 0;
    this.expected = 0;
    this.extension = null;
    this.fieldBytes = 0;
    this.isPaused = false;
    this.isCounted = true;
    this.wantsDrain = false;
    this.bodyLeft = -1;
    this.outbox = null;
  }

  /**
   * Whether the stream has ended: both messages are complete, one side has reset it, or the connection has ended.
   * Sending then does nothing.
   */
  get isClosed(): boolean {
    return isClosed(this.state);
  }

  /** The number of bytes of `data()` and `message()` that wait for the peer's windows or for the socket. */
  get waitingBytes(): number {
    return this.outbox === null ? 0 : this.outbox.bytes;
  }

  /**
   * Tells whether a message of this many bytes may be sent or queued within the connection's `maxWaitingBytes` and the
   * limit of its shared account. `data()` and `message()` do not check this: a caller with more data than there is room
   * for should call `awaitRoom()` and wait.
   */
  hasRoomFor(bytes: number): boolean {
    const { queueLimit, sender } = this.connection;
    return queueLimit.hasRoomFor(bytes) || sender.mayCopyNow(this, bytes);
  }

  /**
   * Tells whether a message of this many bytes exceeds what all connections that share the account may hold together.
   * It is meant for a caller that learns the size of a message only by encoding it: such a caller checks
   * `hasRoomFor(0)` before it encodes a message, and this before it calls `message()`.
   */
  isAboveShared(bytes: number): boolean {
    const { queueLimit, sender } = this.connection;
    return queueLimit.isAboveShared(bytes) && !sender.mayCopyNow(this, bytes);
  }

  /** Requests a call of `onDrain` when more data may be queued. It is not called if the stream ends before. */
  awaitRoom(): void {
    if (isClosed(this.state)) return;
    this.wantsDrain = true;
    this.connection.queueLimit.await(this);
  }

  /**
   * Sends a piece of the body. Up to 16 KiB are copied at once; a larger piece is kept by reference and must not change
   * until `onBodySent` or the end of the stream.
   * @param endStream whether this is the last piece, and no trailers follow
   * @returns whether more may be sent now; if not, `onDrain` will be called
   * @throws Error if the headers have not been sent, or if the message has already ended
   */
  data(body: Uint8Array, endStream = false): boolean {
    return this.message(null, body, endStream);
  }

  /**
   * Sends `prefix` and `body` like `data()`, in one frame if possible. `prefix` (for example the envelope of a message)
   * is always copied and may be reused at once.
   */
  message(prefix: Uint8Array | null, body: Uint8Array, endStream = false): boolean {
    if (!this.maySendBody()) return false;
    const { sender } = this.connection;
    const bytes = prefix === null ? body.length : prefix.length + body.length;
    const isBareEnd = endStream && bytes === 0 && this.outbox === null; // needs no window and waits for no other stream
    if (isBareEnd || sender.mayCopyNow(this, bytes)) {
      sender.copy(this, prefix, body, endStream);
      if (endStream) this.endSent();
      return true;
    }
    const outbox = sender.queue(this, prefix, body);
    if (endStream) {
      outbox.end = true;
      this.state |= StreamState.END_QUEUED;
    } else this.wantsDrain = true;
    return false;
  }

  /**
   * Reserves space for exactly `bytes` bytes in the next frame. The caller writes them there and calls `commit()`
   * before any other method of this connection. All reservations of a connection share one object.
   * @returns null if that many bytes cannot be sent at once; `data()` and `message()` can queue them
   * @throws Error like `data()`
   */
  reserve(bytes: number): Reservation | null {
    const { sender, output, reservation } = this.connection;
    if (!this.maySendBody() || !sender.mayCopyNow(this, bytes)) return null;
    output.reserve(FRAME_HEADER_BYTES + bytes);
    reservation.buffer = output.buffer;
    reservation.start = output.at + FRAME_HEADER_BYTES;
    reservation.end = reservation.start + bytes;
    return reservation;
  }

  /**
   * Sends the bytes written into the last reservation.
   * @throws Error if the reservation is no longer at the end of the outgoing buffer
   */
  commit(endStream = false): void {
    const { sender, output, reservation } = this.connection;
    const { buffer, start, end } = reservation;
    if (buffer !== output.buffer || start !== output.at + FRAME_HEADER_BYTES) {
      throw new Error(`cannot commit on stream ${this.id}: something else was sent after its reservation`);
    }
    writeDataHeader(buffer, output.at, this.id, end - start, endStream);
    output.at = end;
    sender.account(this, end - start);
    reservation.start = -1;
    if (endStream) this.endSent();
  }

  /** Ends the message without trailers. */
  end(): void {
    this.message(null, EMPTY, true);
  }

  /**
   * Sends trailers, which end the message.
   * @throws Error like `data()`, TypeError for invalid fields (RFC 9113 §8.2), HeaderListSizeError for too many fields;
   *   nothing is sent then
   */
  trailers(block: HeaderBlock, extra: readonly string[] = NO_FIELDS): void {
    if (!this.maySendBody()) return;
    this.connection.headers.check(block, extra);
    if (this.outbox === null) {
      this.connection.headers.write(this.id, block, extra, true);
      this.endSent();
      return;
    }
    this.outbox.end = true;
    this.outbox.trailers = block;
    this.outbox.trailersExtra = extra;
    this.state |= StreamState.END_QUEUED;
  }

  /**
   * Ends the stream in both directions with RST_STREAM. Queued data is dropped, and no callback follows.
   * @param code any 32-bit error code. Default: CANCEL
   */
  reset(code: number = ErrorCode.CANCEL): void {
    if (!isClosed(this.state)) this.connection.resetStream(this, code);
  }

  /** Whether the peer's message is complete. */
  get isReceived(): boolean {
    return (this.state & StreamState.END_RECEIVED) !== 0;
  }

  /** The memory that this stream's connection holds. */
  get account(): Account {
    return this.connection.windows.account;
  }

  /**
   * Counts received bytes as consumed only when `consume()` reports them, including those of the current callback. The
   * peer must stop when the stream's window is used up (256 KiB by default); until then `onData` is still called.
   * @param isCounted whether the connection's account records the unconsumed bytes. An owner that passes false must
   *   record there what they really cost, before `onData` returns and until it has released them, even after the
   *   stream's end
   */
  pause(isCounted = true): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.isCounted = isCounted;
    if (isCounted && this.unread > 0) this.account.unread(this.unread);
  }

  /** Counts received bytes as consumed as soon as `onData` has received them, including those held back until now. */
  resume(): void {
    if (!isClosed(this.state)) {
      this.connection.windows.expect(this, 0);
      this.connection.windows.consume(this, this.unread);
    }
    this.isPaused = false;
  }

  /** Reports that this many bytes of a paused stream have been consumed, so that the peer may send as many more. */
  consume(bytes: number): void {
    if (this.isPaused && !isClosed(this.state)) this.connection.windows.consume(this, bytes);
  }

  /**
   * Reports that the owner of a paused stream waits for this many more bytes, such as the rest of a message, before it
   * can consume any. If the stream's window is too small for them, it is extended as soon as there is memory for all of
   * them. 0 cancels the request, and so does `consume()` after the bytes have arrived.
   */
  expect(bytes: number): void {
    if (this.isPaused && !isClosed(this.state)) this.connection.windows.expect(this, bytes);
  }

  /** Whether the memory for all bytes announced with `expect()` has been granted and the window has been extended. */
  get isWindowExtended(): boolean {
    return this.extension?.isGranted === true;
  }

  /** @internal Changes the state because END_STREAM has been written. */
  endSent(): void {
    this.completeTo(afterEndSent(this.state));
  }

  /** @internal Changes the state because END_STREAM has been received. */
  endReceived(): void {
    this.completeTo(afterEndReceived(this.state));
  }

  /** @internal Changes the state because of RST_STREAM in either direction, or the end of the connection. */
  closed(): void {
    if (isClosed(this.state)) return;
    this.state |= StreamState.CLOSED;
    this.connection.streamClosed(this);
  }

  /** @internal Sends what follows the last queued DATA: trailers or RST_STREAM. */
  outboxEnded(outbox: Outbox): void {
    if (outbox.trailers !== null) this.connection.headers.write(this.id, outbox.trailers, outbox.trailersExtra, true);
    this.endSent();
    if (outbox.resets) this.reset(ErrorCode.NO_ERROR);
  }

  /** @internal Calls `onDrain` if it is due. */
  drained(): void {
    if (!this.wantsDrain || isClosed(this.state)) return;
    this.wantsDrain = false;
    try {
      this.handler.onDrain?.(this);
    } catch (error) {
      this.connection.handlerFailed(this, error);
    }
  }

  /** @internal Calls `onBodySent`. */
  bodySent(body: Uint8Array): void {
    try {
      this.handler.onBodySent?.(this, body);
    } catch (error) {
      this.connection.handlerFailed(this, error);
    }
  }

  /** @internal Calls `onData`. */
  deliverData(buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    try {
      this.handler.onData(this, buffer, start, end, endStream);
    } catch (error) {
      this.connection.handlerFailed(this, error);
    }
  }

  /** @internal Calls `onReset`. */
  deliverReset(error: StreamError): void {
    try {
      this.handler.onReset(this, error);
    } catch (thrown) {
      this.connection.handlerFailed(this, thrown);
    }
  }

  /** Returns false if the stream is closed, so that sending does nothing. @throws Error if the call is not allowed */
  private maySendBody(): boolean {
    const { state } = this;
    if (maySendBody(state)) return true;
    if (isClosed(state)) return false;
    const why = maySendHeaders(state) ? "no headers have been sent yet" : "it has ended already";
    throw new Error(`cannot send a body on stream ${this.id}: ${why}`);
  }

  private completeTo(state: number): void {
    this.state = state;
    if (!isClosed(state)) return;
    this.connection.guard.exchangeCompleted();
    this.connection.streamClosed(this);
  }
}

const EMPTY = new Uint8Array(0);
