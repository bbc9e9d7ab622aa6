/**
 * Returns a view of the bytes in `[start, end)`. `Buffer.subarray` takes several times as long, since it creates
 * another `Buffer`.
 */
export function viewOf({ buffer, byteOffset }: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + start, end - start);
}

/** Returns a copy of the bytes in `[start, end)`. */
export function copyOf(buffer: Uint8Array, start: number, end: number): Uint8Array {
  const bytes = viewOf(buffer, start, end);
  if (bytes.length <= maxHeapBytes) {
    return bytes.slice();
  }
  const copy = viewOf(Buffer.allocUnsafe(bytes.length), 0, bytes.length);
  copy.set(bytes);
  return copy;
}

/**
 * The largest length for which V8 keeps an array's content in its heap. Creating such an array takes some 50 ns, while
 * one with its own `ArrayBuffer` takes over 1 µs. So does creating a view of a part, because the content must be moved
 * out of the heap first.
 */
export const maxHeapBytes = 64;
