/** Collects a body of known length from chunks that are valid only during the callback. */
export class Gathered {
  #bytes: Uint8Array | undefined;
  #at = 0;

  constructor(private readonly length: number) {}

  /** Returns the body if it is complete. A short body that arrived in one chunk is valid only as long as the chunk. */
  add(buffer: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const { length } = this;
    const piece = new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start);
    if (piece.length === length && length <= shortBytes) {
      return piece;
    }
    this.#bytes ??= Buffer.allocUnsafe(length);
    this.#bytes.set(piece, this.#at);
    this.#at += piece.length;
    return this.#at === length ? this.#bytes : undefined;
  }
}

/** Bodies of up to this size are copied as soon as they are sent. */
const shortBytes = 16_384;

/** Caches field blocks by content length, since a block that is sent repeatedly is encoded only once. */
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
