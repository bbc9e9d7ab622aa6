import { type Account, MIN_CONNECTION_WINDOW } from "../connection/account.js";
import { setImmediate } from "../real-timers.js";
import type { SendingStream } from "./outbox.js";
import type { Output } from "./output.js";

/** The number of waiting streams that are notified in one turn. What they send then may use up all the room. */
const MAX_NOTIFIED_PER_TURN = 64;

/** Limits how much may be queued for sending on a connection, and notifies the streams that wait for room. */
export class SendQueueLimit {
  readonly limitBytes: number;
  private readonly account: Account;
  private readonly output: Output;
  /** The streams that wait for room, in order; null if there are none. */
  private waiting: Set<SendingStream> | null = null;

  constructor(account: Account, output: Output, limitBytes: number) {
    this.account = account;
    this.output = output;
    this.limitBytes = limitBytes;
  }

  /**
   * Tells whether this many more bytes may be queued. A message of any size may exceed the connection's limit if
   * nothing else is queued. While the shared account is at its limit, each connection may queue its minimum.
   */
  hasRoomFor(bytes: number): boolean {
    const { waitingBytes } = this.account;
    if (waitingBytes > 0 && waitingBytes + bytes > this.limitBytes) return false;
    return !this.isAboveShared(bytes);
  }

  /**
   * Tells whether this many more bytes exceed both what all connections may hold together, and the minimum that this
   * connection may queue whatever the others do.
   */
  isAboveShared(bytes: number): boolean {
    const { shared, waitingBytes } = this.account;
    if (shared === null || shared.heldBytes + bytes <= shared.limitBytes) return false;
    return waitingBytes + bytes > MIN_CONNECTION_WINDOW;
  }

  /** Adds a stream to those that wait, so that its `drained()` is called when there is room again. */
  await(stream: SendingStream): void {
    this.waiting ??= new Set();
    this.waiting.add(stream);
    if (!this.hasRoomFor(0)) this.account.shared?.waitingForRoom.add(this.account);
    else this.output.schedule();
  }

  /** Removes a stream that has ended from the waiting ones. */
  forget(stream: SendingStream): void {
    if (this.waiting?.delete(stream) && this.waiting.size === 0) this.waiting = null;
  }

  /** Records that more bytes are queued, or fewer if `bytes` is negative. */
  changed(bytes: number): void {
    this.account.waiting(bytes);
  }

  /** Schedules `offer()` if a stream waits and there is room again. */
  review(): void {
    if (this.waiting !== null && this.hasRoomFor(0)) this.output.schedule();
  }

  /** Notifies the waiting streams, in order, as long as there is room. */
  offer(): void {
    const { waiting } = this;
    if (waiting === null) return;
    let notified = 0;
    for (const stream of waiting) {
      if (!this.hasRoomFor(0) || ++notified > MAX_NOTIFIED_PER_TURN) break;
      waiting.delete(stream);
      stream.drained(); // the stream may wait again, or end and remove other streams
    }
    if (waiting.size === 0) {
      if (this.waiting === waiting) this.waiting = null;
    } else if (this.hasRoomFor(0)) setImmediate(() => this.review());
    else this.account.shared?.waitingForRoom.add(this.account);
  }
}
