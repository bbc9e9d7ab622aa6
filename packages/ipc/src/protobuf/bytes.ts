/** The bytes in `[start, end)`, in place. `Buffer.subarray` takes several times as long to make another `Buffer`. */
export function viewOf({ buffer, byteOffset }: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + start, end - start);
}

/** A copy of the bytes in `[start, end)`. */
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
 * V8 keeps arrays up to this length within its heap. To make one there takes some 50 ns, where an `ArrayBuffer` of its own takes
 * over 1 µs; and as much to refer to a part of one, because it has to leave the heap first.
 */
export const maxHeapBytes = 64;
