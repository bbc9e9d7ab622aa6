/** A body of known length, copied together from pieces that are valid only when they come. */
export class Gathered {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(length: number) {
    this.bytes = length > shortBytes ? Buffer.allocUnsafe(length) : new Uint8Array(length);
  }

  /** Returns whether that was all. */
  add(buffer: Uint8Array, start: number, end: number): boolean {
    const { bytes } = this;
    const length = end - start;
    if (length > shortBytes) {
      bytes.set(new Uint8Array(buffer.buffer, buffer.byteOffset + start, length), this.#at);
    } else {
      for (let i = 0; i < length; i++) {
        bytes[this.#at + i] = buffer[start + i] as number;
      }
    }
    this.#at += length;
    return this.#at === bytes.length;
  }
}

/** Below this, a loop is faster than a call of `set`. */
const shortBytes = 64;

/** By length, since a field block that is sent again and again is encoded once. */
export function blocksByLength<T>(make: (contentLength: string) => T): (length: number) => T {
  const blocks = new Map<number, T>();
  return (length) => {
    let block = blocks.get(length);
    if (block === undefined) {
      block = make(String(length));
      blocks.set(length, block);
    }
    return block;
  };
}
