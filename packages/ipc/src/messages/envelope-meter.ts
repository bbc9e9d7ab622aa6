import { envelopeBytes } from "../grpc/envelope.js";

/**
 * Tells whether a body that passes by ends between two messages. Connect takes the head of an envelope for the end of a body where
 * nothing comes after it.
 */
export class EnvelopeMeter {
  #headBytes = 0;
  #length = 0;
  #missingBytes = 0;

  /** Whether the body may end here: not within a message. */
  get isAtEnd(): boolean {
    return this.#headBytes === 0 && this.#missingBytes === 0;
  }

  add(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missingBytes > 0) {
        const taken = Math.min(this.#missingBytes, chunk.length - at);
        this.#missingBytes -= taken;
        at += taken;
        continue;
      }
      // The first byte holds the flags, the four after it the length.
      this.#length = this.#headBytes === 0 ? 0 : this.#length * 256 + (chunk[at] as number);
      at++;
      if (++this.#headBytes === envelopeBytes) {
        this.#headBytes = 0;
        this.#missingBytes = this.#length;
      }
    }
  }
}
