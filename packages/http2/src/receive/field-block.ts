import { BLOCK_BYTES_PER_LIST_BYTE, enhanceYourCalm, MAX_CONTINUATIONS } from "../connection/abuse-limits.js";
import { ConnectionError, ErrorCode } from "../errors.js";

/**
 * Assembles a field block from HEADERS and CONTINUATION frames (RFC 9113 §6.10). Until it is complete, nothing else may
 * be received on the connection. Its size and the number of its frames are limited (CVE-2024-27316).
 */
export class FieldBlockAssembly {
  /** The stream whose field block is incomplete, or 0. */
  streamId = 0;
  private maxBytes = 0;
  private fragments: Uint8Array[] = [];
  private bytes = 0;

  constructor(maxHeaderListSize: number) {
    this.setMaxListBytes(maxHeaderListSize);
  }

  setMaxListBytes(maxHeaderListSize: number): void {
    this.maxBytes = maxHeaderListSize * BLOCK_BYTES_PER_LIST_BYTE + 1024;
  }

  /** Checks the size of a field block, or of a HEADERS frame. @throws ConnectionError if it is above the limit */
  checkSize(bytes: number): void {
    if (bytes > this.maxBytes) throw enhanceYourCalm(`bytes (${bytes}) in a field block (CVE-2024-27316)`);
  }

  /** An object that identifies the incomplete block, or null if there is none. */
  get unfinished(): object | null {
    return this.streamId === 0 ? null : this.fragments;
  }

  begin(streamId: number, fragment: Uint8Array): void {
    this.streamId = streamId;
    this.fragments = [];
    this.bytes = 0;
    this.keep(fragment);
  }

  add(streamId: number, fragment: Uint8Array): void {
    if (streamId !== this.streamId || streamId === 0) {
      const message = `continuation frame on stream ${streamId}, where none was expected`;
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, message);
    }
    if (this.fragments.length > MAX_CONTINUATIONS)
      throw enhanceYourCalm("continuation frames for one block (CVE-2024-27316)");
    this.keep(fragment);
  }

  /** Returns the complete block and forgets it. */
  finish(): Uint8Array {
    const whole = Buffer.concat(this.fragments, this.bytes);
    this.fragments = [];
    this.streamId = 0;
    return whole;
  }

  private keep(fragment: Uint8Array): void {
    this.bytes += fragment.length;
    this.checkSize(this.bytes);
    this.fragments.push(new Uint8Array(fragment)); // a copy, because the read buffer is reused
  }
}
