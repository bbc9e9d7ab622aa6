import { envelopeBytes } from "../grpc/envelope.js";

/**
 * Follows a body that others read and tells whether it ends between two messages. Connect mistakes a truncated envelope
 * without a message for a regular end.
 */
export class EnvelopeMeter {
  #headBytes = 0;
  #length = 0;
  #missingBytes = 0;

  /** Whether the body may end here, between two messages. */
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
