import { viewOf } from "../protobuf/bytes.js";

/** The account of the memory that waits on a connection, in bytes. `Account` of `@vyra/http2` implements it. */
export interface MemoryAccount {
  readonly limitBytes: number;
  readonly receivedBytes: number;
  unread(bytes: number): void;
  unfinished(bytes: number): void;
  fields(bytes: number): void;
}

/** The source of a body: a paused HTTP/2 stream, whose owner accounts for what it keeps. */
export interface Inlet {
  readonly account: MemoryAccount;
  /** Whether memory is reserved for everything that was announced by `expect()`. */
  readonly isWindowExtended: boolean;
  /** Releases this many bytes, so that the peer may send as many more. */
  consume(bytes: number): void;
  /** Announces that this many bytes must arrive before any more can be released. */
  expect(bytes: number): void;
}

/**
 * The cost of separately allocated memory besides its content, in bytes: the objects that refer to it, and malloc's
 * share. Measured: 435.
 */
export const memoryOverhead = 448;

const minCapacity = 256;
/** Once this many bytes of a message have arrived, its announced length is trusted. */
const trustedFromBytes = 65_536;
/**
 * A message of up to this size gets all of its memory at once while memory is plentiful, so that a message of 64 KiB in
 * several frames is copied only once.
 */
const wholeBytes = 131_072;
/** A message for which memory is reserved gets all of it when this many bytes have arrived. */
const reservedFrom = 4_096;

/**
 * Tells whether a connection is still far from its limit after another allocation of this size; see receive/windows.ts
 * of `@vyra/http2`.
 */
export function isPlenty({ receivedBytes, limitBytes }: MemoryAccount, bytes: number): boolean {
  return receivedBytes + bytes < limitBytes / 8;
}

/**
 * A message that arrives in pieces. Its memory grows with the bytes that have arrived, whatever length is announced: in
 * large steps while memory is plentiful, so that a message of 64 KiB in frames of 16 KiB is copied once; otherwise by
 * half of its size.
 */
export class UnfinishedMessage {
  bytes: Uint8Array = nothing;
  #arrived = 0;
  #charged = 0;

  constructor(
    readonly length: number,
    readonly flags: number,
    private readonly inlet: Inlet,
  ) {}

  get missing(): number {
    return this.length - this.#arrived;
  }

  /** Takes the bytes that belong to the message and returns where they end. */
  add(buffer: Uint8Array, start: number, end: number): number {
    const taken = Math.min(this.missing, end - start);
    if (taken === 0) {
      return start;
    }
    const arrived = this.#arrived + taken;
    if (arrived > this.bytes.length) {
      this.#grow(arrived);
    }
    this.bytes.set(viewOf(buffer, start, start + taken), this.#arrived);
    this.#arrived = arrived;
    return start + taken;
  }

  /** Releases the memory of the message. */
  release(): void {
    this.bytes = nothing;
    if (this.#charged > 0) {
      this.inlet.account.unfinished(-this.#charged);
      this.#charged = 0;
    }
  }

  #grow(arrived: number): void {
    const { account, isWindowExtended } = this.inlet;
    const { length } = this;
    const isReserved = isWindowExtended && arrived >= reservedFrom;
    const isWhole = isReserved || length <= wholeBytes;
    const wanted = isWhole ? length : Math.min(length, arrived * (arrived < trustedFromBytes ? 4 : 16));
    const least = Math.min(length, Math.max(minCapacity, arrived + (arrived >>> 1)));
    const bytes = Buffer.allocUnsafeSlow(isReserved || isPlenty(account, wanted) ? Math.max(wanted, least) : least);
    if (this.#arrived > 0) {
      bytes.set(viewOf(this.bytes, 0, this.#arrived));
    }
    this.bytes = viewOf(bytes, 0, bytes.length);
    const charge = bytes.length + memoryOverhead;
    account.unfinished(charge - this.#charged);
    this.#charged = charge;
  }
}

const nothing = new Uint8Array(0);
