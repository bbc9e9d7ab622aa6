/** Joins the chunks of a body. */
export class Body {
  #pieces: Uint8Array[] | undefined;
  #only: Uint8Array | undefined;

  add(piece: Uint8Array): void {
    if (this.#only === undefined) {
      this.#only = piece;
      return;
    }
    this.#pieces ??= [this.#only];
    this.#pieces.push(piece);
  }

  whole(): Uint8Array {
    return this.#pieces === undefined ? (this.#only ?? new Uint8Array()) : Buffer.concat(this.#pieces);
  }
}
