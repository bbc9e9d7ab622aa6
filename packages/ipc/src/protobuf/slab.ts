import { clearInterval, setInterval } from "../time/real-timers.js";

/**
 * The memory in which messages are encoded. Pieces of it are handed out from front to back, so that a short message
 * needs neither an allocation of its own nor a copy. A piece belongs to its message for good; the memory is freed when
 * its last message is.
 */
const SLAB_BYTES = 65_536;
type Memory = Buffer;

/** Memory of large messages that have been sent, for reuse. It is freed when it has not been used for a while. */
const spare: Memory[] = [];
const maxSpareBytes = 16 * 1024 * 1024;
const keepSpareMs = 1_000;
let spareBytes = 0;
let isSpareInUse = false;
let spareTimer: NodeJS.Timeout | undefined;
/** Memory that is in use and may be reused afterwards. */
const lent = new WeakMap<ArrayBufferLike, Memory>();

/**
 * The buffer, which is valid from `at` on for as many bytes as were last reserved. The message being written begins at
 * `start`.
 */
export const slab: { buffer: Buffer; start: number; at: number } = {
  buffer: Buffer.allocUnsafeSlow(SLAB_BYTES),
  start: 0,
  at: 0,
};
/** The buffer to return to after a message that is written elsewhere. */
const shelf: { buffer: Memory; at: number } = { buffer: slab.buffer, at: 0 };
let isShelved = false;
/** Whether the message is written to memory that the caller has lent. */
let isLentMemory = false;

export function beginMessage(): void {
  slab.start = slab.at;
}

/** Returns the message written since `beginMessage()`. Its memory is not written again. */
export function endMessage(): Uint8Array {
  const { buffer, start, at } = slab;
  const message = new Uint8Array(buffer.buffer, start, at - start);
  unshelve();
  return message;
}

/** Begins a message at `at` of the caller's own memory. As soon as it does not fit there, it moves to the slab. */
export function beginMessageIn(memory: Buffer, at: number): void {
  shelve(slab.buffer, slab.at);
  isLentMemory = true;
  slab.buffer = memory;
  slab.start = slab.at = at;
}

/** Returns where the message ends that `beginMessageIn()` has begun; the message itself if it did not fit there. */
export function endMessageIn(): number | Uint8Array {
  if (!isLentMemory) {
    return endMessage();
  }
  const { at } = slab;
  unshelve();
  return at;
}

/** Discards the message begun. */
export function dropMessage(): void {
  slab.at = slab.start;
  unshelve();
}

/** Makes room for `bytes` at `slab.at`; may move the part of the message that has been written. */
export function reserve(bytes: number): void {
  if (slab.buffer.length - slab.at < bytes) {
    moveToLarger(bytes);
  }
}

function moveToLarger(bytes: number): void {
  const { buffer, start, at } = slab;
  const written = at - start;
  const needed = written + bytes;
  if (isLentMemory) {
    unshelve();
    slab.start = slab.at;
    reserve(needed);
    buffer.copy(slab.buffer, slab.at, start, at);
    slab.at += written;
    return;
  }
  if (needed <= SLAB_BYTES / 4) {
    slab.buffer = Buffer.allocUnsafeSlow(SLAB_BYTES); // the rest of the old buffer is not worth returning to
  } else {
    // The new buffer is much larger than requested only after it has grown before, since most large messages are one
    // large field.
    const isRegrown = buffer.length > SLAB_BYTES;
    if (!isShelved) {
      shelve(buffer, start);
    }
    slab.buffer = large(isRegrown ? needed * 2 : needed + 256);
  }
  buffer.copy(slab.buffer, 0, start, at);
  recycle(buffer);
  slab.start = 0;
  slab.at = written;
}

/**
 * Declares that an encoded message is no longer used. Reusing the memory of large ones spares the garbage collector
 * work: V8 starts a full collection for every few megabytes that are allocated outside its heap.
 */
export function recycle(message: Uint8Array): void {
  const buffer = lent.get(message.buffer);
  if (buffer === undefined || !lent.delete(message.buffer) || spareBytes + buffer.length > maxSpareBytes) {
    return;
  }
  spare.push(buffer);
  spareBytes += buffer.length;
  spareTimer ??= setInterval(freeUnusedSpare, keepSpareMs).unref();
}

function large(bytes: number): Memory {
  isSpareInUse = true;
  const index = spare.findLastIndex(({ length }) => length >= bytes && length <= bytes * 2);
  let buffer: Memory;
  if (index === -1) {
    buffer = Buffer.allocUnsafeSlow(bytes);
  } else {
    buffer = spare.splice(index, 1)[0] as Memory;
    spareBytes -= buffer.length;
  }
  lent.set(buffer.buffer, buffer);
  return buffer;
}

function freeUnusedSpare(): void {
  if (isSpareInUse) {
    isSpareInUse = false;
    return;
  }
  spare.length = spareBytes = 0;
  clearInterval(spareTimer);
  spareTimer = undefined;
}

function shelve(buffer: Memory, at: number): void {
  isShelved = true;
  shelf.buffer = buffer;
  shelf.at = at;
}

function unshelve(): void {
  if (isShelved) {
    isShelved = isLentMemory = false;
    slab.buffer = shelf.buffer;
    slab.at = shelf.at;
  }
}
