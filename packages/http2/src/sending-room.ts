import type { Account } from "./account.js";
import type { Output } from "./output.js";
import { setImmediate } from "./real-timers.js";
import { LEAST_WINDOW } from "./receive-windows.js";
import type { SendingStream } from "./sender.js";

/** How many streams that wait for room are told of it in one turn: what they send then may take all there is. */
const TOLD_AT_ONCE = 64;

/** How much may wait to be sent on a connection, and who waits for room there. */
export class SendingRoom {
  readonly limitBytes: number;
  private readonly account: Account;
  private readonly output: Output;
  private line: Set<SendingStream> | null = null;

  constructor(account: Account, output: Output, limitBytes: number) {
    this.account = account;
    this.output = output;
    this.limitBytes = limitBytes;
  }

  /** Whether so much more may wait. One message always may, however large, where nothing else waits. */
  hasRoomFor(bytes: number): boolean {
    const { waitingBytes } = this.account;
    if (waitingBytes > 0 && waitingBytes + bytes > this.limitBytes) return false;
    return !this.isAboveShared(bytes);
  }

  /** Whether so much more is above what all connections may hold together, and above what each may hold whatever the others do. */
  isAboveShared(bytes: number): boolean {
    const { shared, waitingBytes } = this.account;
    return shared !== null && shared.heldBytes + bytes > shared.limitBytes && waitingBytes + bytes > LEAST_WINDOW;
  }

  /** Has `drained()` called when there is room for something. */
  await(stream: SendingStream): void {
    this.line ??= new Set();
    this.line.add(stream);
    if (!this.hasRoomFor(0)) this.account.shared?.waitingForRoom.add(this.account);
    else this.output.schedule();
  }

  forget(stream: SendingStream): void {
    if (this.line?.delete(stream) && this.line.size === 0) this.line = null;
  }

  /** So much more waits now; or less, if negative. */
  changed(bytes: number): void {
    this.account.waiting(bytes);
  }

  /** There may be room where there was none. */
  review(): void {
    if (this.line !== null && this.hasRoomFor(0)) this.output.schedule();
  }

  /** Tells those who wait, in the order in which they came, as long as there is room. */
  offer(): void {
    const { line } = this;
    if (line === null) return;
    let told = 0;
    for (const stream of line) {
      if (!this.hasRoomFor(0) || ++told > TOLD_AT_ONCE) break;
      line.delete(stream);
      stream.drained(); // who may wait again, or be over and with it others
    }
    if (line.size === 0) {
      if (this.line === line) this.line = null;
    } else if (this.hasRoomFor(0)) setImmediate(() => this.review());
    else this.account.shared?.waitingForRoom.add(this.account);
  }
}
