import { Account, type SharedAccount } from "./account.js";
import { Claim, Claims } from "./claims.js";
import type { Connection } from "./connection.js";
import { isCreditDue } from "./flow-window.js";
import { WINDOW_UPDATE_BYTES, writeWindowUpdate } from "./frame/window-update.js";
import { Scarcity } from "./scarcity.js";
import { defaultSettings, initialSettings } from "./settings.js";
import type { Stream } from "./stream.js";
import { mayReceive } from "./stream-state.js";

/*
 * What a peer may send, so that what waits stays within the account's limit L (64 MiB by default) whatever the peer does and nobody
 * reads, and one who reads nothing on his streams stops nobody else. With L of 64 MiB and 16,384 streams:
 *
 *    8 MiB  L/8         held when memory becomes scarce: from then on every stream's window is 256 bytes (scarcity.ts)
 *    7 MiB  1.75 × L/16 what the peer sends before it knows: the connection's window at the most
 *    7 MiB  1.75 × L/16 what windows have grown beyond the first, on streams whose reader kept up and then stopped
 *   24 MiB  1.5 KiB × 16,384, the windows of scarce times: 256 bytes of whole messages and of one that is not, each in memory of its own
 *   16 MiB  L/4         messages larger than their stream's window, let in one after the other (claims.ts)
 *
 * That is 62 MiB. What is left is the connection's window for everybody else: it is never shut. Streams that are open cost the limit
 * 4 KiB each in this, and as many are announced as that allows.
 */

/** What a received byte costs at the most while it waits, since memory is not filled to the last byte, and has its own cost. */
const COST = 1.75;

/** Every connection may have so much on its way, and hold as much, however little the server has left. */
export const LEAST_WINDOW = 256 * 1024;

/** No stream's window grows beyond this. */
const MAX_STREAM_WINDOW = 4 * 2 ** 20;

/** What each stream may cost of the limit; see above. */
export const LIMIT_BYTES_PER_STREAM = 4_096;

/** Grants the windows of a connection and of its streams. */
export class ReceiveWindows {
  /** What the peer may still send on the connection. */
  window = initialSettings.initialWindowSize;
  readonly account: Account;
  readonly scarcity: Scarcity;
  private readonly connection: Connection;
  private readonly claims: Claims;
  private readonly maxWindowSize: number;
  /** What the window is to be; more with use. */
  private windowSize: number;
  /** By how much streams' windows have grown, together. */
  private grownBytes = 0;
  private readonly maxGrownBytes: number;
  /** Of what all connections may promise, this one has: for messages that were let in, and for the growth of its window. */
  private promisedBytes = 0;
  private promisedGrowth = 0;
  private isOpen = false;

  constructor(connection: Connection, limitBytes: number, windowSize: number, shared: SharedAccount | null) {
    this.connection = connection;
    this.account = new Account(limitBytes, shared, () => this.review());
    this.scarcity = new Scarcity(this.account, (initialWindowSize) =>
      connection.settings.announce({ initialWindowSize }),
    );
    this.claims = new Claims(limitBytes / 4);
    this.maxGrownBytes = limitBytes / 16;
    this.maxWindowSize = Math.max(initialSettings.initialWindowSize, Math.min(windowSize, limitBytes / 16));
    this.windowSize = Math.min(LEAST_WINDOW, this.maxWindowSize);
  }

  /** So many streams the limit allows for. */
  get maxStreams(): number {
    return Math.min(defaultSettings.maxConcurrentStreams, Math.floor(this.account.limitBytes / LIMIT_BYTES_PER_STREAM));
  }

  /**
   * Whether a stream may be opened, or answered, whose fields cost so much. No window stops those, so half as much as the limit is for them, in addition to
   * it; and nothing when all connections together hold too much.
   */
  hasRoomForFields(bytes: number): boolean {
    if (bytes === 0) return true;
    const { account } = this;
    return account.shared?.isOver !== true && account.fieldBytes + bytes <= account.limitBytes / 2;
  }

  /** Counts fields that a stream has received, until it is over. */
  holdFields(stream: Stream, bytes: number): void {
    stream.fieldBytes += bytes;
    this.account.fields(bytes);
  }

  /** Raises the connection's window, which SETTINGS cannot (RFC 9113 §6.9.2). */
  open(): void {
    this.isOpen = true;
    if (this.window < this.windowSize) this.updateConnectionWindow(this.windowSize - this.window);
  }

  /** The connection is over. */
  close(): void {
    this.isOpen = false;
    this.scarcity.stop();
    const { shared } = this.account;
    if (shared === null) return;
    this.account.close();
    shared.grow(-this.promisedGrowth);
    shared.promise(-this.promisedBytes);
  }

  /** The peer has used some of the connection's window: may it have more? */
  replenish(): void {
    if (!this.isLow) return;
    if (this.windowSize < this.maxWindowSize) this.grow();
    this.refill();
  }

  /** So many bytes for a paused stream have come. */
  hold(stream: Stream, bytes: number): void {
    stream.unread += bytes;
    if (stream.expected > 0) stream.expected = Math.max(0, stream.expected - bytes);
    if (stream.isCounted) this.account.unread(bytes);
  }

  consume(stream: Stream, bytes: number): void {
    const consumed = Math.min(bytes, stream.unread);
    if (consumed <= 0) return;
    stream.unread -= consumed;
    if (stream.isCounted) this.account.unread(-consumed);
    if (stream.claim !== null && stream.expected <= 0) this.release(stream);
    this.announce(stream);
  }

  /**
   * The owner of a stream waits for so many bytes more before it can be done with any; 0 when it no longer does. If the stream's window
   * is too small, it opens as soon as there is a place for them all.
   */
  expect(stream: Stream, bytes: number): void {
    stream.expected = bytes;
    if (bytes > 0) this.claim(stream);
    else if (stream.claim !== null) this.release(stream);
  }

  /** Our window size has changed by `delta`: so do all windows (RFC 9113 §6.9.2), and what was little credit may now be much. */
  resize(streams: readonly Stream[], delta: number): void {
    for (const stream of streams) {
      stream.receiveWindow += delta;
      if (stream.expected > 0) this.claim(stream);
      this.announce(stream);
    }
  }

  /** A stream is over. */
  settle(stream: Stream): void {
    if (stream.isPaused && stream.isCounted && stream.unread > 0) this.account.unread(-stream.unread);
    if (stream.fieldBytes > 0) {
      this.account.fields(-stream.fieldBytes);
      stream.fieldBytes = 0;
    }
    stream.unread = 0;
    stream.expected = 0;
    this.grownBytes -= stream.grown;
    stream.grown = 0;
    if (stream.claim !== null) this.release(stream);
  }

  /** Tells the peer what a stream has consumed, once that is half of what its window is to be; more if its reader keeps up. */
  announce(stream: Stream): void {
    const { claim } = stream;
    const size = this.connection.local.initialWindowSize + stream.grown + (claim === null ? 0 : claim.extra);
    const credit = size - stream.receiveWindow - stream.unread;
    if (!isCreditDue(credit, size) || !mayReceive(stream.state)) return;
    // Most connections have one busy stream: its update and theirs are to be one write.
    if (this.window * 4 <= this.windowSize * 3) this.refill(1);
    this.updateStreamWindow(stream, credit + (stream.unread * 4 <= size ? this.growStream(stream, size) : 0));
  }

  /** The account has changed, or that of all. */
  private review(): void {
    if (!this.isOpen) return;
    this.scarcity.observe();
    if (this.isLow) this.refill();
    this.grantClaims();
    this.connection.room.review();
    this.connection.hoardWatch.observe();
  }

  /** Twice the size, as far as there is room for it. */
  private growStream(stream: Stream, size: number): number {
    const more = Math.min(size, MAX_STREAM_WINDOW - size, this.maxGrownBytes - this.grownBytes);
    if (more <= 0) return 0;
    stream.grown += more;
    this.grownBytes += more;
    return more;
  }

  private claim(stream: Stream): void {
    if (stream.expected <= stream.receiveWindow || !mayReceive(stream.state)) return;
    const { claim } = stream;
    if (claim === null) {
      stream.claim = new Claim(stream, stream.expected);
      this.claims.add(stream.claim);
      this.grantClaims();
    } else if (claim.isGranted) this.letIn(claim); // its window has become smaller meanwhile
  }

  private grantClaims(): void {
    for (let claim = this.claims.first; claim !== null; claim = this.claims.first) {
      if (!this.claims.hasPlaceFor(claim) || !this.isLetIn(claim.bytes)) return;
      this.claims.grant(claim);
      this.letIn(claim);
    }
  }

  private letIn(claim: Claim): void {
    const { stream } = claim;
    const missing = stream.expected - stream.receiveWindow;
    if (missing <= 0) return;
    claim.extra += missing;
    this.updateStreamWindow(stream, missing);
  }

  private release(stream: Stream): void {
    const { claim } = stream;
    if (claim === null) return;
    stream.claim = null;
    this.claims.release(claim);
    if (!this.isOpen) return;
    if (claim.isGranted) this.promise(-claim.bytes);
    this.grantClaims();
  }

  private grow(): void {
    const more = Math.min(this.windowSize, this.maxWindowSize - this.windowSize);
    const { shared } = this.account;
    if (shared !== null) {
      if (!shared.mayGrow(more * COST)) return; // it asks again when the window is low the next time
      this.promisedGrowth += more * COST;
      shared.grow(more * COST);
    }
    this.windowSize += more;
  }

  /** Whether the peer may be told to send a message of so many bytes, for all that the others hold and may send. */
  private isLetIn(bytes: number): boolean {
    const { shared } = this.account;
    if (shared === null) return true;
    if (!shared.mayLetIn(bytes * COST)) {
      shared.waitingForMessages.add(this.account);
      return false;
    }
    this.promise(bytes);
    return true;
  }

  private promise(bytes: number): void {
    this.promisedBytes += bytes * COST;
    this.account.shared?.promise(bytes * COST);
  }

  /** Whether the connection's window is to be refilled: a large one is given the time to be so with the update of a stream. */
  private get isLow(): boolean {
    return this.window * (this.windowSize > LEAST_WINDOW ? 4 : 2) <= this.windowSize;
  }

  private refill(least = 2): void {
    const target = this.target();
    if (this.window * least <= target && target > this.window) this.updateConnectionWindow(target - this.window);
  }

  /** What the connection's window may be now. */
  private target(): number {
    const { account, claims } = this;
    const limit =
      account.shared?.isOver === true
        ? LEAST_WINDOW * COST + claims.reservedBytes
        : account.limitBytes + claims.overdraftBytes;
    return Math.min(this.windowSize, Math.floor((limit - account.receivedBytes) / COST));
  }

  private updateStreamWindow(stream: Stream, increment: number): void {
    const { output } = this.connection;
    output.reserve(WINDOW_UPDATE_BYTES);
    output.at = writeWindowUpdate(output.buffer, output.at, stream.id, increment);
    stream.receiveWindow += increment;
  }

  private updateConnectionWindow(increment: number): void {
    const { output } = this.connection;
    output.reserve(WINDOW_UPDATE_BYTES);
    output.at = writeWindowUpdate(output.buffer, output.at, 0, increment);
    this.window += increment;
  }
}
