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
  private line: Set<SendingStream> | null = null;

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
   * Tells whether this many more bytes exceed what all connections may hold together, and the minimum that this one may hold
   * whatever the others do.
   */
  isAboveShared(bytes: number): boolean {
    const { shared, waitingBytes } = this.account;
    if (shared === null || shared.heldBytes + bytes <= shared.limitBytes) return false;
    return waitingBytes + bytes > MIN_CONNECTION_WINDOW;
  }

  /** Calls the stream's `drained()` when there is room again. */
  await(stream: SendingStream): void {
    this.line ??= new Set();
    this.line.add(stream);
    if (!this.hasRoomFor(0)) this.account.shared?.waitingForRoom.add(this.account);
    else this.output.schedule();
  }

  /** Removes a stream that has ended from the waiting ones. */
  forget(stream: SendingStream): void {
    if (this.line?.delete(stream) && this.line.size === 0) this.line = null;
  }

  /** Records that more bytes are queued, or fewer if `bytes` is negative. */
  changed(bytes: number): void {
    this.account.waiting(bytes);
  }

  /** Schedules `offer()` if a stream waits and there is room again. */
  review(): void {
    if (this.line !== null && this.hasRoomFor(0)) this.output.schedule();
  }

  /** Notifies the waiting streams, in order, as long as there is room. */
  offer(): void {
    const { line } = this;
    if (line === null) return;
    let told = 0;
    for (const stream of line) {
      if (!this.hasRoomFor(0) || ++told > MAX_NOTIFIED_PER_TURN) break;
      line.delete(stream);
      stream.drained(); // it may wait again, or end and remove other streams
    }
    if (line.size === 0) {
      if (this.line === line) this.line = null;
    } else if (this.hasRoomFor(0)) setImmediate(() => this.review());
    else this.account.shared?.waitingForRoom.add(this.account);
  }
}
