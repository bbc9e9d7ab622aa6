/** A body of known length, from pieces that are valid only when they come. */
export class Gathered {
  #bytes: Uint8Array | undefined;
  #at = 0;

  constructor(private readonly length: number) {}

  /** The body, if this was all of it. A short one that has come in one piece is valid no longer than that. */
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

/** So much is copied at once when it is sent. */
const shortBytes = 16_384;

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
