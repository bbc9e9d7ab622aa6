import { envelopeBytes, lengthAt } from "../grpc/envelope.js";
import { viewOf } from "../protobuf/bytes.js";
import { isPlenty, type MemoryAccount, memoryOverhead, type UnfinishedMessage } from "./unfinished-message.js";

/** A message that has been taken: `[start, end)` of `bytes`. */
export interface Taken {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  /** Whether its memory will be overwritten, so that it must be parsed or copied at once. */
  readonly isLent: boolean;
}

/** The size of a chunk, which is that of a DATA frame. */
const CHUNK_BYTES = 16_384;
/** The size of a stream's first chunk while memory is plentiful; otherwise a quarter of it. */
const FIRST_CHUNK = 1_024;
/**
 * A message of up to this size that came in pieces is copied to a chunk, since memory of its own would cost more than
 * the message.
 */
const SHORT_BYTES = 4_096;

/** Emptied chunks for reuse. Only chunks of full size are kept, so each of them fits. */
const spare: Uint8Array[] = [];
const maxSpare = 16;

/** Consecutive messages with their envelopes. */
class Chunk {
  start = 0;
  end = 0;

  constructor(readonly bytes: Uint8Array) {}

  get cost(): number {
    return this.bytes.length + memoryOverhead;
  }
}

/**
 * Whole messages that nobody has taken yet. They are kept as bytes, thousands of short ones in one piece of memory: an
 * object and an array for each would cost fifty times as much as an empty message. The memory is charged to the
 * account.
 */
export class WaitingMessages {
  #items: (Chunk | UnfinishedMessage)[] = [];
  #first = 0;
  /** The capacity of these chunks. */
  #chunkBytes = 0;

  get isEmpty(): boolean {
    return this.#first === this.#items.length;
  }

  /** Copies whole messages with their envelopes. Each is shorter than a chunk. */
  append(buffer: Uint8Array, start: number, end: number, account: MemoryAccount): void {
    for (let at = start; at < end; ) {
      const chunk = this.#chunkFor(envelopeBytes + lengthAt(buffer, at), end - at, account);
      const room = chunk.bytes.length - chunk.end;
      const to = end - at <= room ? end : lastEnd(buffer, at, at + room);
      chunk.bytes.set(viewOf(buffer, at, to), chunk.end);
      chunk.end += to - at;
      at = to;
    }
  }

  /** Keeps a message that came in pieces and is complete now. */
  add(message: UnfinishedMessage, envelope: Uint8Array, account: MemoryAccount): void {
    const { length } = message;
    if (length > SHORT_BYTES) {
      this.#items.push(message);
      return;
    }
    const chunk = this.#chunkFor(envelopeBytes + length, envelopeBytes + length, account);
    chunk.bytes.set(envelope, chunk.end);
    chunk.bytes.set(viewOf(message.bytes, 0, length), chunk.end + envelopeBytes);
    chunk.end += envelopeBytes + length;
    message.release();
  }

  /** Returns the next message; undefined if there is none. */
  take(account: MemoryAccount): Taken | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) {
      return undefined;
    }
    if (!(item instanceof Chunk)) {
      this.#drop();
      const { bytes, flags } = item;
      item.release();
      return { bytes, start: 0, end: item.length, flags, isLent: false };
    }
    const { bytes, start: at } = item;
    const start = at + envelopeBytes;
    const end = start + lengthAt(bytes, at);
    item.start = end;
    if (end === item.end) {
      // The last message can still be parsed, since that happens at once and nothing else is received before.
      this.#drop();
      this.#chunkBytes -= bytes.length;
      releaseChunk(item, account);
    }
    return { bytes, start, end, flags: bytes[at] as number, isLent: true };
  }

  /** Drops all messages. */
  clear(account: MemoryAccount): void {
    const items = this.#items.slice(this.#first);
    this.#items = [];
    this.#first = 0;
    this.#chunkBytes = 0;
    for (const item of items) {
      if (item instanceof Chunk) {
        releaseChunk(item, account);
      } else {
        item.release();
      }
    }
  }

  /** Returns a chunk with room for at least `least` bytes at its end; `wanted` bytes are available to be copied. */
  #chunkFor(least: number, wanted: number, account: MemoryAccount): Chunk {
    const last = this.#items.at(-1);
    if (last instanceof Chunk && this.#first < this.#items.length) {
      if (last.bytes.length - last.end >= least) {
        return last;
      }
      const unread = last.end - last.start;
      if (this.#items.length - this.#first === 1 && last.bytes.length - unread >= least && unread <= FIRST_CHUNK) {
        last.bytes.copyWithin(0, last.start, last.end);
        last.start = 0;
        last.end = unread;
        return last;
      }
    }
    const first = isPlenty(account, FIRST_CHUNK) ? FIRST_CHUNK : FIRST_CHUNK / 4;
    // At most a third of a chunk is left unused at its end, and of the last one a quarter of all chunks.
    const ahead = least * 4 > CHUNK_BYTES ? 0 : Math.min(least * 4, this.#chunkBytes >>> 2);
    const chunk = new Chunk(memoryFor(Math.max(least, Math.min(wanted, CHUNK_BYTES), first, ahead)));
    this.#items.push(chunk);
    this.#chunkBytes += chunk.bytes.length;
    account.unread(chunk.cost);
    return chunk;
  }

  #drop(): void {
    this.#items[this.#first++] = undefined as never;
    if (this.#first === this.#items.length) {
      this.#items = [];
      this.#first = 0;
    } else if (this.#first >= 32 && this.#first * 2 >= this.#items.length) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

/** Returns a spare chunk if at least three quarters of it are needed, else memory of exactly this size. */
function memoryFor(size: number): Uint8Array {
  if (size * 4 < CHUNK_BYTES * 3 || size > CHUNK_BYTES) {
    const bytes = Buffer.allocUnsafeSlow(size);
    return viewOf(bytes, 0, size);
  }
  return spare.pop() ?? viewOf(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES);
}

function releaseChunk(chunk: Chunk, account: MemoryAccount): void {
  account.unread(-chunk.cost);
  if (chunk.bytes.length === CHUNK_BYTES && spare.length < maxSpare) {
    spare.push(chunk.bytes);
  }
}

/** Returns where the last message ends that begins at or after `at` and ends before `limit`; at least one does. */
function lastEnd(buffer: Uint8Array, at: number, limit: number): number {
  let end = at;
  while (end + envelopeBytes <= limit) {
    const next = end + envelopeBytes + lengthAt(buffer, end);
    if (next > limit) {
      break;
    }
    end = next;
  }
  return end;
}
