import type { Account } from "./account.js";
import type { Claim } from "./claims.js";
import type { Connection } from "./connection.js";
import { ErrorCode, type StreamError } from "./errors.js";
import { writeDataHeader } from "./frame/data.js";
import { FRAME_HEADER_BYTES } from "./frame/frame-header.js";
import type { HeaderBlock } from "./header-block.js";
import { NO_FIELDS } from "./hpack/header-list.js";
import type { Outbox } from "./outbox.js";
import type { SendingStream } from "./sender.js";
import { afterEndReceived, afterEndSent, MessagePhase, maySend, StreamState } from "./stream-state.js";

/** A stretch `[start, end)` of the outgoing buffer, to be filled. */
export interface Reservation {
  buffer: Uint8Array;
  start: number;
  end: number;
}

/**
 * One stream: what both roles share. The public members are for its owner; those marked internal are for the connection.
 *
 * A stream is a plain object of numbers and a few references, under 200 bytes: connections hold thousands of them.
 */
export abstract class Stream implements SendingStream {
  // Declared here and assigned in the constructor: initialisers in a derived class cost a fifth of a short exchange's time.
  /** Odd; unique within the connection (RFC 9113 §5.1.1). */
  declare readonly id: number;
  /** The owner's own; undefined at first. */
  declare context: unknown;
  /** @internal */ declare readonly connection: Connection;
  /** @internal */ declare state: StreamState;
  /** @internal How far our message has come. */
  declare sent: MessagePhase;
  /** @internal How far the peer's message has come. */
  declare received: MessagePhase;
  /** @internal */ declare sendWindow: number;
  /** @internal What the peer may still send. */
  declare receiveWindow: number;
  /** @internal Received and not consumed; only while the stream is paused. */
  declare unread: number;
  /** @internal By how much the window has grown beyond the first. */
  declare grown: number;
  /** @internal What has to come before anything can be consumed. */
  declare expected: number;
  /** @internal For a window that is too small for that. */
  declare claim: Claim | null;
  /** @internal What the peer's field lists cost, as they are counted on the account. */
  declare fieldBytes: number;
  /** @internal */ declare isPaused: boolean;
  /** @internal What is unread is counted here, and not by the owner. */
  declare isCounted: boolean;
  /** @internal data() or message() returned false. */
  declare wantsDrain: boolean;
  /** @internal What content-length promises and has not come yet; -1 when it says nothing. */
  declare bodyLeft: number;
  /** @internal */ declare outbox: Outbox<SendingStream> | null;

  constructor(connection: Connection, id: number) {
    this.id = id;
    this.context = undefined;
    this.connection = connection;
    this.state = StreamState.OPEN;
    this.sent = MessagePhase.BEFORE_HEADERS;
    this.received = MessagePhase.BEFORE_HEADERS;
    this.sendWindow = connection.peer.initialWindowSize;
    this.receiveWindow = connection.local.initialWindowSize;
    this.unread = 0;
    this.grown = 0;
    this.expected = 0;
    this.claim = null;
    this.fieldBytes = 0;
    this.isPaused = false;
    this.isCounted = true;
    this.wantsDrain = false;
    this.bodyLeft = -1;
    this.outbox = null;
  }

  /** Both messages are complete, or one side has reset the stream, or the connection is gone. Sending is then a no-op. */
  get isClosed(): boolean {
    return this.state === StreamState.CLOSED;
  }

  /** Bytes of `data()` and `message()` that still wait for the peer's windows. */
  get waitingBytes(): number {
    return this.outbox === null ? 0 : this.outbox.bytes;
  }

  /**
   * Whether a message of so many bytes may leave or wait, within `maxWaitingBytes` of the connection and what all that share its account may
   * hold. `data()` and `message()` do not ask: who has more to send than there is room for finds another way, or waits for it.
   */
  hasRoomFor(bytes: number): boolean {
    const { room, sender } = this.connection;
    return room.hasRoomFor(bytes) || sender.mayCopyNow(this, bytes);
  }

  /**
   * Whether a message of so many bytes is more than all that share the account of the connection may hold together. Who cannot tell how large
   * a message is before it has been made, and has found room for something, asks this before `message()`.
   */
  isAboveShared(bytes: number): boolean {
    const { room, sender } = this.connection;
    return room.isAboveShared(bytes) && !sender.mayCopyNow(this, bytes);
  }

  /** Has onDrain called when something may wait here again; not if the stream is over by then. */
  awaitRoom(): void {
    if (this.state === StreamState.CLOSED) return;
    this.wantsDrain = true;
    this.connection.room.await(this);
  }

  /**
   * Sends a piece of the body. Up to 16 KiB are copied at once; a larger one is kept by reference and must not change until
   * onBodySent or the stream's end.
   * @param endStream nothing follows
   * @returns whether more is welcome now; if not, onDrain will say when
   */
  data(body: Uint8Array, endStream = false): boolean {
    return this.message(null, body, endStream);
  }

  /**
   * Like `data()`, with some bytes in front (the envelope of a message, say), in one frame if possible. `prefix` is always
   * copied at once; it may be used again.
   */
  message(prefix: Uint8Array | null, body: Uint8Array, endStream = false): boolean {
    if (!this.maySendBody()) return false;
    const { sender } = this.connection;
    const bytes = prefix === null ? body.length : prefix.length + body.length;
    const isBareEnd = endStream && bytes === 0 && this.outbox === null; // needs no window, and waits for no other stream
    if (isBareEnd || sender.mayCopyNow(this, bytes)) {
      sender.copy(this, prefix, body, endStream);
      if (endStream) this.endSent();
      return true;
    }
    const outbox = sender.queue(this, prefix, body);
    if (endStream) {
      outbox.end = true;
      this.sent = MessagePhase.ENDED;
    } else this.wantsDrain = true;
    return false;
  }

  /**
   * Room for a message of exactly `bytes` bytes in the frame about to be sent, to be written there by the caller, who then calls
   * `commit()` before anything else of this connection. One object serves all reservations.
   * @returns null when so much may not leave at once; `data()` and `message()` can wait, this cannot
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

  /** Sends what has been written into the reservation just made. */
  commit(endStream = false): void {
    const { sender, output, reservation } = this.connection;
    const { buffer, start, end } = reservation;
    if (buffer !== output.buffer || start !== output.at + FRAME_HEADER_BYTES) {
      throw new Error(`cannot commit on stream ${this.id}: its reservation is not the last thing that happened`);
    }
    writeDataHeader(buffer, output.at, this.id, end - start, endStream);
    output.at = end;
    sender.account(this, end - start);
    reservation.start = -1;
    if (endStream) this.endSent();
  }

  /** Ends the body, and the message, without trailers. */
  end(): void {
    this.message(null, EMPTY, true);
  }

  /**
   * Ends the message with fields after the body.
   * @throws TypeError, HeaderListSizeError; nothing is sent then
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
    this.sent = MessagePhase.ENDED;
  }

  /** Ends the stream now, both ways: RST_STREAM with any 32-bit code. What waits is dropped; no callback follows. */
  reset(code: number = ErrorCode.CANCEL): void {
    if (this.state !== StreamState.CLOSED) this.connection.resetStream(this, code);
  }

  /** The peer's message is complete. */
  get isReceived(): boolean {
    return this.received === MessagePhase.ENDED;
  }

  /** The account of this stream's connection. */
  get account(): Account {
    return this.connection.windows.account;
  }

  /**
   * From now on received bytes count as consumed only when `consume()` says so, including those of the current callback. The
   * peer stops when the stream's window is used up (256 KiB at first); until then onData goes on.
   * @param isCounted whether what is not consumed is put on the connection's account here; false for an owner that puts there what it
   *   really costs to keep it, before onData returns, until it is gone, even if the stream is over before that
   */
  pause(isCounted = true): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.isCounted = isCounted;
    if (isCounted && this.unread > 0) this.account.unread(this.unread);
  }

  /** Back to consuming whatever is handed up; what was held back is consumed now. */
  resume(): void {
    if (this.state !== StreamState.CLOSED) {
      this.connection.windows.expect(this, 0);
      this.connection.windows.consume(this, this.unread);
    }
    this.isPaused = false;
  }

  /** After `pause()`: this many bytes are done with, and the peer may send as many more. */
  consume(bytes: number): void {
    if (this.isPaused && this.state !== StreamState.CLOSED) this.connection.windows.consume(this, bytes);
  }

  /**
   * After `pause()`: nothing can be consumed before this many bytes more have come, the rest of a message say, and they are waited for. A
   * window that is too small for them opens when there is memory for all of them; 0 takes that back, and so does `consume()` when
   * they have come.
   */
  expect(bytes: number): void {
    if (this.isPaused && this.state !== StreamState.CLOSED) this.connection.windows.expect(this, bytes);
  }

  /** There is memory for all that `expect()` spoke of, and the window is open for it. */
  get isLetIn(): boolean {
    return this.claim?.isGranted === true;
  }

  /** @internal END_STREAM has been written. */
  endSent(): void {
    this.sent = MessagePhase.ENDED;
    this.completeTo(afterEndSent(this.state));
  }

  /** @internal END_STREAM has been received. */
  endReceived(): void {
    this.received = MessagePhase.ENDED;
    this.completeTo(afterEndReceived(this.state));
  }

  /** @internal RST_STREAM either way, or the end of the connection. */
  closed(): void {
    if (this.state === StreamState.CLOSED) return;
    this.state = StreamState.CLOSED;
    this.connection.streamClosed(this);
  }

  /** @internal */
  outboxEnded(outbox: Outbox<SendingStream>): void {
    if (outbox.trailers !== null) this.connection.headers.write(this.id, outbox.trailers, outbox.trailersExtra, true);
    this.endSent();
    if (outbox.resets) this.reset(ErrorCode.NO_ERROR);
  }

  /** @internal */
  drained(): void {
    if (!this.wantsDrain || this.state === StreamState.CLOSED) return;
    this.wantsDrain = false;
    this.deliverDrain();
  }

  /** @internal */
  abstract bodySent(body: Uint8Array): void;
  /** @internal */
  abstract deliverData(buffer: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** @internal */
  abstract deliverReset(error: StreamError): void;
  /** @internal */
  protected abstract deliverDrain(): void;

  /** False when the stream is closed, which its owner has been told, or will not need to know any more. */
  private maySendBody(): boolean {
    if (this.state === StreamState.CLOSED) return false;
    if (!maySend(this.state) || this.sent !== MessagePhase.BODY) {
      const why = this.sent === MessagePhase.BEFORE_HEADERS ? "no headers have been sent yet" : "it has ended already";
      throw new Error(`cannot send a body on stream ${this.id}: ${why}`);
    }
    return true;
  }

  private completeTo(state: StreamState): void {
    this.state = state;
    if (state !== StreamState.CLOSED) return;
    this.connection.guard.exchangeCompleted();
    this.connection.streamClosed(this);
  }
}

const EMPTY = new Uint8Array(0);
