import { Account, MIN_CONNECTION_WINDOW } from "../connection/account.js";
import type { Connection } from "../connection/connection.js";
import type { ResolvedOptions } from "../connection/options.js";
import { defaultSettings, initialSettings } from "../connection/settings.js";
import { WINDOW_UPDATE_BYTES, writeWindowUpdate } from "../frame/window-update.js";
import { isCreditDue } from "../stream/flow-window.js";
import { mayReceive } from "../stream/state.js";
import type { Stream } from "../stream/stream.js";
import { MemoryPressure } from "./memory-pressure.js";
import { WindowExtension, WindowExtensions } from "./window-extensions.js";

/*
 * The receive windows are granted so that the received bytes that wait stay within the account's limit L (64 MiB by
 * default) whatever the peer does and whether or not anybody reads, and so that a stream that nobody reads stops no
 * other stream. With L = 64 MiB and 16,384 streams:
 *
 *    8 MiB  L/8          may be held before memory is scarce; then every window is 256 bytes (memory-pressure.ts)
 *    7 MiB  1.75 × L/16  are sent before the peer knows: the largest window of the connection
 *    7 MiB  1.75 × L/16  is what windows have grown by, on streams whose reader kept up and then stopped
 *   24 MiB  1.5 KiB × 16,384, the windows while memory is scarce: 256 bytes of whole messages and of an incomplete one,
 *                       each in memory of its own
 *   16 MiB  L/4          are messages larger than their stream's window, granted one by one (window-extensions.ts)
 *
 * That is 62 MiB. The rest is the connection's window for all other streams, which thus never closes. Each open stream
 * accounts for 4 KiB of the limit here, and MAX_CONCURRENT_STREAMS is announced accordingly.
 */

/**
 * The memory that a received byte may cost while it waits, in bytes: buffers are not full, and have an overhead of
 * their own.
 */
const COST_PER_BYTE = 1.75;

/** The largest window of a stream, in bytes. */
const MAX_STREAM_WINDOW = 4 * 2 ** 20;

/** The memory of the limit that each stream accounts for, in bytes; see the sum above. */
export const LIMIT_BYTES_PER_STREAM = 4_096;

/** Grants the receive windows of a connection and of its streams (RFC 9113 §5.2). */
export class ReceiveWindows {
  /** The number of bytes that the peer may still send on the connection. */
  window = initialSettings.initialWindowSize;
  readonly account: Account;
  readonly pressure: MemoryPressure;
  private readonly connection: Connection;
  private readonly extensions: WindowExtensions;
  private readonly maxWindowSize: number;
  /** The size to which the connection's window is replenished, in bytes. It grows with use. */
  private windowSize: number;
  /** The number of bytes by which the windows of all streams have grown. */
  private grownBytes = 0;
  private readonly maxGrownBytes: number;
  /** The part of the shared account's `promisedBytes` that this connection has for messages. */
  private promisedBytes = 0;
  /** The part of the shared account's `promisedBytes` that this connection has for the growth of its window. */
  private promisedGrowth = 0;
  private isOpen = false;

  constructor(connection: Connection, options: ResolvedOptions) {
    const { maxUnreadBytes: limitBytes, connectionWindowSize, shared } = options;
    this.connection = connection;
    this.account = new Account(limitBytes, shared, () => this.review());
    this.pressure = new MemoryPressure(this.account, (initialWindowSize) =>
      connection.settings.announce({ initialWindowSize }),
    );
    this.extensions = new WindowExtensions(limitBytes / 4);
    this.maxGrownBytes = limitBytes / 16;
    this.maxWindowSize = Math.max(initialSettings.initialWindowSize, Math.min(connectionWindowSize, limitBytes / 16));
    this.windowSize = Math.min(MIN_CONNECTION_WINDOW, this.maxWindowSize);
  }

  /** The number of concurrent streams that the limit allows. */
  get maxStreams(): number {
    return Math.min(defaultSettings.maxConcurrentStreams, Math.floor(this.account.limitBytes / LIMIT_BYTES_PER_STREAM));
  }

  /**
   * Tells whether a request or a response may be accepted whose fields occupy this many bytes of memory. Flow control
   * does not limit fields, so they have half of the limit in addition to it. No long fields are accepted while the
   * shared account exceeds its limit.
   */
  hasRoomForFields(bytes: number): boolean {
    if (bytes === 0) return true;
    const { account } = this;
    return account.shared?.isOverLimit !== true && account.fieldBytes + bytes <= account.limitBytes / 2;
  }

  /** Records the memory of fields that a stream has received, until the stream ends. */
  holdFields(stream: Stream, bytes: number): void {
    stream.fieldBytes += bytes;
    this.account.fields(bytes);
  }

  /** Raises the connection's window to its first size; SETTINGS does not change it (RFC 9113 §6.9.2). */
  open(): void {
    this.isOpen = true;
    if (this.window < this.windowSize) this.updateConnectionWindow(this.windowSize - this.window);
  }

  /** Returns everything that was promised, because the connection has ended. */
  close(): void {
    this.isOpen = false;
    this.pressure.stop();
    const { shared } = this.account;
    if (shared === null) return;
    this.account.close();
    shared.grow(-this.promisedGrowth);
    shared.promise(-this.promisedBytes);
  }

  /** Replenishes the connection's window if the peer has used enough of it. */
  replenish(): void {
    if (!this.isLow) return;
    if (this.windowSize < this.maxWindowSize) this.grow();
    this.refill();
  }

  /** Records bytes received on a paused stream. */
  hold(stream: Stream, bytes: number): void {
    stream.unread += bytes;
    if (stream.expected > 0) stream.expected = Math.max(0, stream.expected - bytes);
    if (stream.isCounted) this.account.unread(bytes);
  }

  /** Releases consumed bytes of a paused stream, and announces a larger window if enough has been consumed. */
  consume(stream: Stream, bytes: number): void {
    const consumed = Math.min(bytes, stream.unread);
    if (consumed <= 0) return;
    stream.unread -= consumed;
    if (stream.isCounted) this.account.unread(-consumed);
    if (stream.extension !== null && stream.expected <= 0) this.release(stream);
    this.announce(stream);
  }

  /**
   * Records that the owner of a stream needs this many more bytes before it can consume any, or 0 if it no longer does.
   * If the stream's window is too small, it is extended as soon as there is memory for all of them.
   */
  expect(stream: Stream, bytes: number): void {
    stream.expected = bytes;
    if (bytes > 0) this.extension(stream);
    else if (stream.extension !== null) this.release(stream);
  }

  /** Changes the windows of all streams, because our initial window size has changed by `delta` (RFC 9113 §6.9.2). */
  resize(streams: readonly Stream[], delta: number): void {
    for (const stream of streams) {
      stream.receiveWindow += delta;
      if (stream.expected > 0) this.extension(stream);
      this.announce(stream);
    }
  }

  /** Releases everything that is recorded for a stream, because the stream has ended. */
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
    if (stream.extension !== null) this.release(stream);
  }

  /**
   * Sends WINDOW_UPDATE when half of a stream's window has been consumed, with a larger window if its reader keeps up.
   */
  announce(stream: Stream): void {
    const { extension } = stream;
    const size = this.connection.local.initialWindowSize + stream.grown + (extension === null ? 0 : extension.extra);
    const credit = size - stream.receiveWindow - stream.unread;
    if (!isCreditDue(credit, size) || !mayReceive(stream.state)) return;
    // Most connections have one busy stream: its update and that of the connection should leave in one write.
    if (this.window * 4 <= this.windowSize * 3) this.refill(1);
    this.updateStreamWindow(stream, credit + (stream.unread * 4 <= size ? this.growStream(stream, size) : 0));
  }

  /** Checks what may be granted now, because the account or the shared account has changed. */
  private review(): void {
    if (!this.isOpen) return;
    this.pressure.observe();
    if (this.isLow) this.refill();
    this.grantExtensions();
    this.connection.queueLimit.review();
    this.connection.memoryStallWatch.observe();
  }

  /** Doubles the window of a stream, as far as the limit allows. @returns the growth in bytes */
  private growStream(stream: Stream, size: number): number {
    const more = Math.min(size, MAX_STREAM_WINDOW - size, this.maxGrownBytes - this.grownBytes);
    if (more <= 0) return 0;
    stream.grown += more;
    this.grownBytes += more;
    return more;
  }

  private extension(stream: Stream): void {
    if (stream.expected <= stream.receiveWindow || !mayReceive(stream.state)) return;
    const { extension } = stream;
    if (extension === null) {
      stream.extension = new WindowExtension(stream, stream.expected);
      this.extensions.add(stream.extension);
      this.grantExtensions();
    } else if (extension.isGranted) this.extend(extension); // the window of the stream has become smaller meanwhile
  }

  private grantExtensions(): void {
    for (let extension = this.extensions.first; extension !== null; extension = this.extensions.first) {
      if (!this.extensions.hasRoomFor(extension) || !this.admit(extension.bytes)) return;
      this.extensions.grant(extension);
      this.extend(extension);
    }
  }

  private extend(extension: WindowExtension): void {
    const { stream } = extension;
    const missing = stream.expected - stream.receiveWindow;
    if (missing <= 0) return;
    extension.extra += missing;
    this.updateStreamWindow(stream, missing);
  }

  private release(stream: Stream): void {
    const { extension } = stream;
    if (extension === null) return;
    stream.extension = null;
    this.extensions.release(extension);
    if (!this.isOpen) return;
    if (extension.isGranted) this.promise(-extension.bytes);
    this.grantExtensions();
  }

  private grow(): void {
    const more = Math.min(this.windowSize, this.maxWindowSize - this.windowSize);
    const { shared } = this.account;
    if (shared !== null) {
      if (!shared.mayGrow(more * COST_PER_BYTE)) return; // this is tried again when the window is low the next time
      this.promisedGrowth += more * COST_PER_BYTE;
      shared.grow(more * COST_PER_BYTE);
    }
    this.windowSize += more;
  }

  /** Asks the shared account for a message of this many bytes beyond its window. @returns whether it was granted */
  private admit(bytes: number): boolean {
    const { shared } = this.account;
    if (shared === null) return true;
    if (!shared.mayAdmit(bytes * COST_PER_BYTE)) {
      shared.waitingForMessages.add(this.account);
      return false;
    }
    this.promise(bytes);
    return true;
  }

  private promise(bytes: number): void {
    this.promisedBytes += bytes * COST_PER_BYTE;
    this.account.shared?.promise(bytes * COST_PER_BYTE);
  }

  /** Whether the connection's window must be replenished. A large one waits longer, for the update of a stream. */
  private get isLow(): boolean {
    return this.window * (this.windowSize > MIN_CONNECTION_WINDOW ? 4 : 2) <= this.windowSize;
  }

  private refill(least = 2): void {
    const target = this.target();
    if (this.window * least <= target && target > this.window) this.updateConnectionWindow(target - this.window);
  }

  /** Returns the size that the connection's window may have now, in bytes. */
  private target(): number {
    const { account, extensions } = this;
    const limit =
      account.shared?.isOverLimit === true
        ? MIN_CONNECTION_WINDOW * COST_PER_BYTE + extensions.reservedBytes
        : account.limitBytes + extensions.overdraftBytes;
    return Math.min(this.windowSize, Math.floor((limit - account.receivedBytes) / COST_PER_BYTE));
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
