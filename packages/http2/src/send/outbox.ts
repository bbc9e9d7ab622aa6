import type { HeaderBlock } from "../hpack/header-block.js";
import { NO_FIELDS } from "../hpack/header-list.js";

/**
 * The memory of an outbox and of what it keeps alive, such as the response's trailers, in bytes. The stream itself is
 * not included.
 */
const OUTBOX_COST = 512;
/** The memory of a buffer besides its bytes, including malloc's overhead, in bytes. Measured: 435. */
const PIECE_COST = 448;

/**
 * Returns the memory that a queued body occupies, in bytes. A large body may be a view of a buffer that grew with it,
 * and that is up to twice as large.
 */
function costOf({ length, buffer }: Uint8Array): number {
  return Math.min(buffer.byteLength, length * 2) + PIECE_COST;
}

/** A stream as the sending parts see it. */
export interface SendingStream {
  readonly id: number;
  sendWindow: number;
  outbox: Outbox | null;
  /** Is called when the outbox is empty and the stream may send more. */
  drained(): void;
  /** Is called when a body that was sent by reference is no longer needed. */
  bodySent(body: Uint8Array): void;
  /** Is called when the last DATA of an outbox has been written and the message ends, perhaps with trailers. */
  outboxEnded(outbox: Outbox): void;
}

/**
 * What one stream has to send and cannot send yet: bodies (large ones by reference), and perhaps the end of the message
 * with or without trailers. It exists only while something waits, so most streams never have one.
 */
export class Outbox {
  readonly stream: SendingStream;
  /** The next outbox in the line of those that may send; see data.ts. */
  next: Outbox | null = null;
  previous: Outbox | null = null;
  /** Whether the outbox is in that line. If not, the stream's window is used up. */
  inLine = false;
  /** Whether the stream has ended, perhaps while its outbox has its turn. */
  dropped = false;
  /** The number of body bytes that wait. */
  bytes = 0;
  /** The memory that everything occupies, in bytes. A body counts until its last byte has been taken. */
  cost = OUTBOX_COST;
  /** The part of `cost` that is recorded on the connection's account. */
  charged = 0;
  /** Whether the message ends after the last byte. */
  end = false;
  trailers: HeaderBlock | null = null;
  trailersExtra: readonly string[] = NO_FIELDS;
  /** Whether RST_STREAM with NO_ERROR follows the end, unless the peer's message is complete by then. */
  resets = false;
  /** The body that the last `take()` has finished, or null. */
  taken: Uint8Array | null = null;
  private readonly chunks: Uint8Array[] = [];
  private first = 0;
  private offset = 0;

  constructor(stream: SendingStream) {
    this.stream = stream;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    this.cost += costOf(chunk);
  }

  /** Takes at most `limit` bytes, from one body only. */
  take(limit: number): Uint8Array {
    const chunk = this.chunks[this.first]!; // it exists, since bytes > 0
    const end = Math.min(chunk.length, this.offset + limit);
    const taken = this.offset === 0 && end === chunk.length ? chunk : chunk.subarray(this.offset, end);
    this.bytes -= end - this.offset;
    this.offset = end;
    this.taken = end === chunk.length ? chunk : null;
    if (this.taken !== null) {
      this.cost -= costOf(chunk);
      this.advance();
    }
    return taken;
  }

  private advance(): void {
    this.offset = 0;
    this.first++;
    // Finished bodies are removed before there are many of them; on average each remaining one is moved once.
    if (this.first >= 32 && this.first * 2 >= this.chunks.length) {
      this.chunks.splice(0, this.first);
      this.first = 0;
    }
  }
}
