import type { HeaderBlock } from "../hpack/header-block.js";
import { NO_FIELDS } from "../hpack/header-list.js";

/** An outbox, the response's trailers and what else lives for as long as it waits, without the stream itself. */
const OUTBOX_COST = 512;
/** The objects of a piece of memory, and malloc's part. Measured: 435 bytes. */
const PIECE_COST = 448;

/** A large body may be a part of memory that grew with it, up to twice its size. */
function costOf({ length, buffer }: Uint8Array): number {
  return Math.min(buffer.byteLength, length * 2) + PIECE_COST;
}

/** What a stream is to those who send its DATA. */
export interface SendingStream {
  readonly id: number;
  sendWindow: number;
  outbox: Outbox | null;
  /** The outbox is empty, and the stream still open for more. */
  drained(): void;
  /** A body that was kept by reference has left. */
  bodySent(body: Uint8Array): void;
  /** The last of an outbox that ends the stream has been written, but for its trailers. */
  outboxEnded(outbox: Outbox): void;
}

/**
 * What one stream has to send and could not yet: bodies, large ones by reference, then perhaps the end of the stream, with or without
 * trailers. Made when the first byte must wait and gone with the last, so most streams never have one.
 */
export class Outbox {
  readonly stream: SendingStream;
  /** The next in the line of those that may send; see send/data.ts. */
  next: Outbox | null = null;
  previous: Outbox | null = null;
  /** In that line. Otherwise the stream's window is closed. */
  inLine = false;
  /** The stream is over, perhaps while this has its turn. */
  dropped = false;
  bytes = 0;
  /** What it all costs in memory. A piece costs that until the last of it has been taken. */
  cost = OUTBOX_COST;
  /** How much of that is on the connection's account. */
  charged = 0;
  /** END_STREAM follows the last byte. */
  end = false;
  trailers: HeaderBlock | null = null;
  trailersExtra: readonly string[] = NO_FIELDS;
  /** RST_STREAM with NO_ERROR follows the end, unless the peer's message is complete by then. */
  resets = false;
  /** What the last `take()` took the rest of. */
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

  /** Takes at most `limit` bytes, a run within one chunk. */
  take(limit: number): Uint8Array {
    const chunk = this.chunks[this.first]!; // only called while bytes > 0
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
    // Chunks already sent are let go before they are many; amortised, each is moved once.
    if (this.first >= 32 && this.first * 2 >= this.chunks.length) {
      this.chunks.splice(0, this.first);
      this.first = 0;
    }
  }
}
