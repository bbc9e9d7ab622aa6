import { clearInterval, setInterval } from "../time/real-timers.js";

/**
 * Where messages are encoded: stretches of memory handed out from front to back, so that a short message costs no allocation of its
 * own and no copy. A stretch belongs to its message for good; the memory goes when the last message in it has gone.
 */
const SLAB_BYTES = 65_536;
type Memory = Buffer;

/** Memory of large messages that have been sent, for the next ones. What has not been wanted for a while is let go. */
const spare: Memory[] = [];
const maxSpareBytes = 16 * 1024 * 1024;
const keepSpareMs = 1_000;
let spareBytes = 0;
let isSpareInUse = false;
let spareTimer: NodeJS.Timeout | undefined;
/** Memory that is in use, and may be used again. */
const lent = new WeakMap<ArrayBufferLike, Memory>();

/** Valid from `at` on, for as many bytes as were reserved last; the message being written begins at `start`. */
export const slab: { buffer: Buffer; start: number; at: number } = {
  buffer: Buffer.allocUnsafeSlow(SLAB_BYTES),
  start: 0,
  at: 0,
};
/** What messages go on in after one that needed more than there was. */
let shelved: { readonly buffer: Memory; readonly at: number } | undefined;

export function beginMessage(): void {
  slab.start = slab.at;
}

/** The message since `beginMessage()`, of which nothing is written again. */
export function endMessage(): Uint8Array {
  const { buffer, start, at } = slab;
  const message = new Uint8Array(buffer.buffer, start, at - start);
  unshelve();
  return message;
}

/** As if it had not begun. */
export function dropMessage(): void {
  slab.at = slab.start;
  unshelve();
}

/** Makes room for `bytes` at `slab.at`, and perhaps moves what has been written of the message. */
export function reserve(bytes: number): void {
  if (slab.buffer.length - slab.at < bytes) {
    moveToLarger(bytes);
  }
}

function moveToLarger(bytes: number): void {
  const { buffer, start, at } = slab;
  const written = at - start;
  const needed = written + bytes;
  if (needed <= SLAB_BYTES / 4) {
    slab.buffer = Buffer.allocUnsafeSlow(SLAB_BYTES); // what is left of the old one is not worth coming back to
  } else {
    // Much larger than what is asked for only when it has grown before: most large messages are one large field.
    const isRegrown = buffer.length > SLAB_BYTES;
    shelved ??= { buffer, at: start };
    slab.buffer = large(isRegrown ? needed * 2 : needed + 256);
  }
  buffer.copy(slab.buffer, 0, start, at);
  recycle(buffer);
  slab.start = 0;
  slab.at = written;
}

/**
 * Says that nobody needs an encoded message any more, nor will look at it. Large ones then cost the garbage collector nothing: V8
 * begins a full collection for every few megabytes that are allocated outside its heap.
 */
export function recycle(message: Uint8Array): void {
  const buffer = lent.get(message.buffer);
  if (buffer === undefined || !lent.delete(message.buffer) || spareBytes + buffer.length > maxSpareBytes) {
    return;
  }
  spare.push(buffer);
  spareBytes += buffer.length;
  spareTimer ??= setInterval(letGoOfSpare, keepSpareMs).unref();
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

function letGoOfSpare(): void {
  if (isSpareInUse) {
    isSpareInUse = false;
    return;
  }
  spare.length = spareBytes = 0;
  clearInterval(spareTimer);
  spareTimer = undefined;
}

function unshelve(): void {
  if (shelved !== undefined) {
    slab.buffer = shelved.buffer;
    slab.at = shelved.at;
    shelved = undefined;
  }
}
