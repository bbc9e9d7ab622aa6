import { stretchOf } from "./envelope.js";

/** The account of what waits on a connection, in bytes of memory; `Account` of `@vyra/http2` is one. */
export interface MemoryAccount {
  readonly limitBytes: number;
  readonly receivedBytes: number;
  unread(bytes: number): void;
  unfinished(bytes: number): void;
  fields(bytes: number): void;
}

/** Where a body comes from: an HTTP/2 stream, paused, whose owner counts what it keeps. */
export interface Inlet {
  readonly account: MemoryAccount;
  /** There is memory for all that it was told to expect. */
  readonly isLetIn: boolean;
  /** So many bytes are done with, and the peer may send as many more. */
  consume(bytes: number): void;
  /** So many have to come before any more can be done with. */
  expect(bytes: number): void;
}

/** What a piece of memory of its own costs besides the memory: the objects that refer to it, and malloc's part. Measured: 435 bytes. */
export const memoryOverhead = 448;

const leastCapacity = 256;
/** From this on, a message whose bytes do come is believed. */
const believedBytes = 65_536;
/** A message up to this has all of its memory at once while there is plenty: one of 64 KiB, cut by frames as it may be, is copied once. */
const wholeBytes = 131_072;
/** For a message that was let in there is memory for all of it; it has it when so much has come. */
const reservedFrom = 4_096;

/** Whether a connection that comes to hold so much more is still far from its limit; see receive-windows.ts of `@vyra/http2`. */
export function isPlenty({ receivedBytes, limitBytes }: MemoryAccount, bytes: number): boolean {
  return receivedBytes + bytes < limitBytes / 8;
}

/**
 * A message that comes in pieces. Its memory grows with what has come, whatever it announced: while there is plenty in large steps, so
 * that a message of 64 KiB in frames of 16 KiB is copied once; else by half.
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

  /** Takes what belongs to it; returns where that ends. */
  add(buffer: Uint8Array, start: number, end: number): number {
    const taken = Math.min(this.missing, end - start);
    if (taken === 0) {
      return start;
    }
    const arrived = this.#arrived + taken;
    if (arrived > this.bytes.length) {
      this.#grow(arrived);
    }
    this.bytes.set(stretchOf(buffer, start, start + taken), this.#arrived);
    this.#arrived = arrived;
    return start + taken;
  }

  /** Its memory is no longer held. */
  release(): void {
    this.bytes = nothing;
    if (this.#charged > 0) {
      this.inlet.account.unfinished(-this.#charged);
      this.#charged = 0;
    }
  }

  #grow(arrived: number): void {
    const { account, isLetIn } = this.inlet;
    const { length } = this;
    const isReserved = isLetIn && arrived >= reservedFrom;
    const isWhole = isReserved || length <= wholeBytes;
    const wanted = isWhole ? length : Math.min(length, arrived * (arrived < believedBytes ? 4 : 16));
    const least = Math.min(length, Math.max(leastCapacity, arrived + (arrived >>> 1)));
    const bytes = Buffer.allocUnsafeSlow(isReserved || isPlenty(account, wanted) ? Math.max(wanted, least) : least);
    if (this.#arrived > 0) {
      bytes.set(stretchOf(this.bytes, 0, this.#arrived));
    }
    this.bytes = stretchOf(bytes, 0, bytes.length);
    const charge = bytes.length + memoryOverhead;
    account.unfinished(charge - this.#charged);
    this.#charged = charge;
  }
}

const nothing = new Uint8Array(0);
