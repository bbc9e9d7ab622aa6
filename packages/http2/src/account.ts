/**
 * The account of what waits on a connection, in bytes of memory: what was received and nobody has read, messages that are not whole
 * yet, and what is to be sent and may not leave. A connection grants its windows from it; see receive-windows.ts for the arithmetic.
 * Whoever keeps received bytes for longer than a callback says so here, with what they cost and not only with what they are.
 */
export class Account {
  /** What may be received and not be done with, unread and unfinished together. */
  readonly limitBytes: number;
  unreadBytes = 0;
  unfinishedBytes = 0;
  /** Of what is to be sent. */
  waitingBytes = 0;
  /** Of the field lists of streams that are open, where they are long. */
  fieldBytes = 0;
  /** Counts what was taken off: an account that stands still has none. */
  moves = 0;
  readonly shared: SharedAccount | null;
  private readonly onChange: () => void;

  constructor(limitBytes: number, shared: SharedAccount | null, onChange: () => void) {
    this.limitBytes = limitBytes;
    this.shared = shared;
    this.onChange = onChange;
    shared?.members.add(this);
  }

  /** Received, and held in memory. */
  get receivedBytes(): number {
    return this.unreadBytes + this.unfinishedBytes;
  }

  get heldBytes(): number {
    return this.unreadBytes + this.unfinishedBytes + this.waitingBytes + this.fieldBytes;
  }

  /** So much more is held of what nobody has read; or less, if negative. */
  unread(bytes: number): void {
    this.unreadBytes += bytes;
    this.add(bytes);
  }

  /** Likewise of messages that are not whole yet. */
  unfinished(bytes: number): void {
    this.unfinishedBytes += bytes;
    this.add(bytes);
  }

  /** Likewise of what is to be sent. */
  waiting(bytes: number): void {
    this.waitingBytes += bytes;
    this.add(bytes);
  }

  /** Likewise of the field lists of open streams. */
  fields(bytes: number): void {
    this.fieldBytes += bytes;
    this.add(bytes);
  }

  /** The limits of all have been reached, or are no longer: see whether that changes anything here. */
  review(): void {
    this.onChange();
  }

  /** The connection is over. What its owner still holds remains counted here, but no longer for all. */
  close(): void {
    if (this.shared === null || !this.shared.members.delete(this)) return;
    this.shared.waitingForRoom.delete(this);
    this.shared.waitingForMessages.delete(this);
    this.shared.add(-this.heldBytes);
  }

  private add(bytes: number): void {
    if (bytes < 0) this.moves++;
    const { shared } = this;
    if (shared !== null) {
      if (!shared.members.has(this)) return;
      shared.add(bytes);
    }
    this.onChange();
  }
}

/** What is held, in bytes of memory. */
export interface HeldKinds {
  readonly unreadBytes: number;
  readonly unfinishedBytes: number;
  readonly waitingBytes: number;
  readonly fieldBytes: number;
}

/** What all connections of a server hold together, and may. */
export class SharedAccount {
  readonly limitBytes: number;
  heldBytes = 0;
  /** What peers have been allowed to send beyond what every connection may: windows, and messages that are under way. */
  promisedBytes = 0;
  /** The part of that by which the windows of connections have grown. It is theirs for as long as they are open. */
  grownBytes = 0;
  /** More is held than may be, or has been until now: no connection gets more than the least. */
  isOver = false;
  readonly members = new Set<Account>();
  /** Those that wait for room for what they are to send. */
  readonly waitingForRoom = new Set<Account>();
  /** Those that wait for room for a message that is larger than its window. */
  readonly waitingForMessages = new Set<Account>();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** What may still be promised. */
  get roomBytes(): number {
    return this.limitBytes - this.heldBytes - this.promisedBytes;
  }

  /** What the connections hold, by its kind. */
  get kinds(): HeldKinds {
    let [unreadBytes, unfinishedBytes, waitingBytes, fieldBytes] = [0, 0, 0, 0];
    for (const member of this.members) {
      unreadBytes += member.unreadBytes;
      unfinishedBytes += member.unfinishedBytes;
      waitingBytes += member.waitingBytes;
      fieldBytes += member.fieldBytes;
    }
    return { unreadBytes, unfinishedBytes, waitingBytes, fieldBytes };
  }

  /** @internal */
  add(bytes: number): void {
    this.heldBytes += bytes;
    if (this.isOver ? this.heldBytes < this.limitBytes - this.limitBytes / 8 : this.heldBytes > this.limitBytes) {
      this.isOver = !this.isOver;
      for (const member of this.members) member.review();
    }
    if (bytes < 0) this.offerRoom();
  }

  /**
   * Whether the window of a connection may grow by so much. A quarter of the limit is for that: many connections that were busy once would
   * leave no room for messages otherwise.
   */
  mayGrow(bytes: number): boolean {
    return !this.isOver && this.grownBytes + bytes <= this.limitBytes / 4 && bytes <= this.roomBytes;
  }

  /** @internal A window has grown by so much; or is gone, if negative. */
  grow(bytes: number): void {
    this.grownBytes += bytes;
    this.promise(bytes);
  }

  /**
   * Whether a message of so many bytes may be let in: there is room for it, or no other is under way, so that each is let in in the end
   * whatever else is held.
   */
  mayLetIn(bytes: number): boolean {
    return !this.isOver && (bytes <= this.roomBytes || this.promisedBytes === this.grownBytes);
  }

  /** @internal So much more is promised; or less, if negative. */
  promise(bytes: number): void {
    this.promisedBytes += bytes;
    if (bytes < 0) this.offerRoom();
  }

  private offerRoom(): void {
    offer(this.waitingForMessages);
    offer(this.waitingForRoom);
  }
}

/** To one after the other, until there is not enough for one, who asks again. */
function offer(waiting: Set<Account>): void {
  for (const account of waiting) {
    waiting.delete(account);
    account.review();
    if (waiting.has(account)) return;
  }
}
