/** The number of bytes that every connection may hold or have in flight, however little memory the server has left. */
export const MIN_CONNECTION_WINDOW = 256 * 1024;

/**
 * The memory that one connection holds, in bytes: received bytes that nobody has read, messages that are incomplete,
 * data that is queued for sending, and field lists of open streams. The connection grants its receive windows from this
 * account; receive/windows.ts has the arithmetic. An owner that keeps received bytes for longer than a callback must
 * record them here, at what they cost in memory rather than at their length.
 */
export class Account {
  /** The limit of `receivedBytes`, in bytes. */
  readonly limitBytes: number;
  /** The memory of received bytes that nobody has read. */
  unreadBytes = 0;
  /** The memory of messages of which only a part has been received. */
  unfinishedBytes = 0;
  /** The memory of data that is queued for sending. */
  waitingBytes = 0;
  /** The memory of the field lists of open streams. Short lists are not counted. */
  fieldBytes = 0;
  /** The number of times that bytes have been released. An account whose count does not change is stalled. */
  releases = 0;
  /** The account that this one shares with other connections, or null. */
  readonly shared: SharedAccount | null;
  private readonly onChange: () => void;

  /**
   * Creates an account. Every connection has one already. Another user of memory, such as a connection of another
   * protocol, can create one in order to share a limit with connections.
   * @param limitBytes the limit of `receivedBytes`, in bytes
   * @param shared the account whose limit this one shares, or null
   * @param onChange called when this account, or the state of the shared one, has changed
   */
  constructor(limitBytes: number, shared: SharedAccount | null, onChange: () => void) {
    this.limitBytes = limitBytes;
    this.shared = shared;
    this.onChange = onChange;
    shared?.members.add(this);
  }

  /** The memory of all received bytes, unread and unfinished. */
  get receivedBytes(): number {
    return this.unreadBytes + this.unfinishedBytes;
  }

  /** The memory of everything that the connection holds. */
  get heldBytes(): number {
    return this.unreadBytes + this.unfinishedBytes + this.waitingBytes + this.fieldBytes;
  }

  /** Adds bytes that nobody has read, or removes them if `bytes` is negative. */
  unread(bytes: number): void {
    this.unreadBytes += bytes;
    this.add(bytes);
  }

  /** Adds bytes of incomplete messages, or removes them if `bytes` is negative. */
  unfinished(bytes: number): void {
    this.unfinishedBytes += bytes;
    this.add(bytes);
  }

  /** Adds bytes that are queued for sending, or removes them if `bytes` is negative. */
  waiting(bytes: number): void {
    this.waitingBytes += bytes;
    this.add(bytes);
  }

  /** Adds the cost of field lists of open streams, or removes it if `bytes` is negative. */
  fields(bytes: number): void {
    this.fieldBytes += bytes;
    this.add(bytes);
  }

  /** Calls `onChange`, because the state of the shared account has changed. */
  review(): void {
    this.onChange();
  }

  /** Leaves the shared account when the connection ends. What the owner still holds is then recorded only here. */
  close(): void {
    if (this.shared === null || !this.shared.members.delete(this)) return;
    this.shared.waitingForRoom.delete(this);
    this.shared.waitingForMessages.delete(this);
    this.shared.add(-this.heldBytes);
  }

  private add(bytes: number): void {
    if (bytes < 0) this.releases++;
    const { shared } = this;
    if (shared !== null) {
      if (!shared.members.has(this)) return;
      shared.add(bytes);
    }
    this.onChange();
  }
}

/** Held memory by kind, in bytes; the fields are those of {@link Account}. */
export interface HeldKinds {
  readonly unreadBytes: number;
  readonly unfinishedBytes: number;
  readonly waitingBytes: number;
  readonly fieldBytes: number;
}

/** The memory that several connections hold together, with one limit for all of them, in bytes. */
export class SharedAccount {
  /** The limit for all connections together, in bytes of memory. */
  readonly limitBytes: number;
  /** The memory that all connections hold. */
  heldBytes = 0;
  /** The bytes that peers may still send beyond the minimum of each connection: grown windows and granted messages. */
  promisedBytes = 0;
  /** The part of `promisedBytes` by which windows have grown. A connection keeps its share while it is open. */
  grownBytes = 0;
  /**
   * Whether the limit has been exceeded. It stays true until the memory is below 7/8 of the limit; meanwhile no
   * connection gets more than its minimum.
   */
  isOverLimit = false;
  /** The accounts of the open connections. */
  readonly members = new Set<Account>();
  /** The accounts that wait until more may be queued for sending. */
  readonly waitingForRoom = new Set<Account>();
  /** The accounts that wait until they may receive a message that is larger than its window. */
  readonly waitingForMessages = new Set<Account>();

  /** @param limitBytes the limit for all connections together, in bytes of memory */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** The number of bytes that may still be promised. */
  get roomBytes(): number {
    return this.limitBytes - this.heldBytes - this.promisedBytes;
  }

  /** The memory that all connections hold, by kind. */
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

  /** Adds bytes that a connection holds, or removes them if `bytes` is negative. */
  add(bytes: number): void {
    this.heldBytes += bytes;
    if (this.isOverLimit ? this.heldBytes < this.limitBytes - this.limitBytes / 8 : this.heldBytes > this.limitBytes) {
      this.isOverLimit = !this.isOverLimit;
      for (const member of this.members) member.review();
    }
    if (bytes < 0) this.offerRoom();
  }

  /**
   * Tells whether the window of a connection may grow by this many bytes of memory. Windows may grow by up to a quarter
   * of the limit in total; otherwise many connections that were busy once would leave no room for messages.
   */
  mayGrow(bytes: number): boolean {
    return !this.isOverLimit && this.grownBytes + bytes <= this.limitBytes / 4 && bytes <= this.roomBytes;
  }

  /** @internal Records that a window has grown by this many bytes, or has been closed if `bytes` is negative. */
  grow(bytes: number): void {
    this.grownBytes += bytes;
    this.promise(bytes);
  }

  /**
   * Tells whether a message that occupies this many bytes of memory may be received beyond its window: if there is room
   * for it, or if no other such message is being received. Every message is thus received eventually, whatever else is
   * held.
   */
  mayAdmit(bytes: number): boolean {
    return !this.isOverLimit && (bytes <= this.roomBytes || this.promisedBytes === this.grownBytes);
  }

  /** Adds bytes to `promisedBytes`, or removes them if `bytes` is negative. */
  promise(bytes: number): void {
    this.promisedBytes += bytes;
    if (bytes < 0) this.offerRoom();
  }

  /** Offers freed memory to the accounts that wait for it. */
  private offerRoom(): void {
    offer(this.waitingForMessages);
    offer(this.waitingForRoom);
  }
}

/** Offers memory to one account after the other, until one of them registers again because it needs more. */
function offer(waiting: Set<Account>): void {
  for (const account of waiting) {
    waiting.delete(account);
    account.review();
    if (waiting.has(account)) return;
  }
}
