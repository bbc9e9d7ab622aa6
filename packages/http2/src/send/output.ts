import type { Socket } from "node:net";
import { setImmediate } from "../real-timers.js";
import { countReplier, scheduleReplies } from "./reply-line.js";

/*
 * The output of a connection. Frames are written straight into `buffer` at `at`. Everything written in one turn of the
 * event loop leaves in one write (writev if it consists of several buffers). Replies to bytes that the connection has
 * just received do not wait for the end of the turn: they leave when that event and its promise jobs are done, unless
 * many connections reply in the same turn (see reply-line.ts).
 *
 * Nothing is written until the operating system has taken everything written before; meanwhile the next batch is
 * collected. The socket's own queue thus stays empty, buffers can be reused as soon as a write is done, and
 * `pendingBytes` tells everything about a slow reader.
 */

/**
 * The size of a buffer: 64 KiB hold the frames of about a thousand short exchanges, and a reader takes as much at once.
 */
const BUFFER_BYTES = 65_536;
const MAX_POOLED = 16;
const pool: Buffer[] = [];
/** The size of the buffer of a connection that writes little. Thousands of connections may write in the same turn. */
const SMALL_BYTES = 4_096;
const MAX_POOLED_SMALL = 1_024;
const smallPool: Buffer[] = [];
const EMPTY = Buffer.alloc(0);

/** The output of the connection whose received bytes were processed last, until it has been written. */
let answering: Output | null = null;

/** The connection that owns an output. */
export interface OutputOwner {
  /** Is called right before a batch is written at the end of a turn. It may add to the batch. */
  beforeWrite(): void;
  /** Is called when a batch is being passed to the socket. */
  onWrite(): void;
  /** Is called when a batch has been handed to the operating system. */
  afterWrite(): void;
}

/** The owner of a body that is sent by reference, which is told when the body is no longer needed. */
export interface BodyOwner {
  bodySent(body: Uint8Array): void;
}

/** A body that is sent by reference and the owner to notify. */
interface SentNotice {
  readonly owner: BodyOwner;
  readonly body: Uint8Array;
}

/** Collects frames and writes them in batches. */
export class Output {
  /** The buffer to write to, from `at` on, for as many bytes as were reserved last. */
  buffer: Buffer = EMPTY;
  at = 0;
  /** The number of the current batch. It also changes with the buffer. */
  batch = 0;
  private start = 0;
  private readonly socket: Socket;
  private readonly owner: OutputOwner;
  /** The parts of the batch that precede `buffer[start, at)`. */
  private segments: Uint8Array[] = [];
  private segmentBytes = 0;
  /** The full buffers that are part of the batch, and below those that are part of the write under way. */
  private full: Buffer[] = [];
  private leaving: Buffer[] = [];
  /** The bodies that are part of the batch, and below those that are part of the write under way. */
  private notices: SentNotice[] = [];
  private leavingNotices: SentNotice[] = [];
  private scheduled = false;
  /** The number of writes whose callbacks have not been called. */
  private writes = 0;
  private ended = false;
  /** Whether a small buffer has been too small recently. */
  private isRoomy = false;
  /**
   * The size at which a batch is written before the end of the turn. It doubles with each such write until the turn
   * ends.
   */
  private earlyBytes: number;
  private readonly firstEarlyBytes: number;

  constructor(socket: Socket, owner: OutputOwner, earlyBytes: number) {
    this.socket = socket;
    this.owner = owner;
    this.earlyBytes = this.firstEarlyBytes = earlyBytes;
  }

  /** The number of bytes in the batch that waits. */
  get pendingBytes(): number {
    return this.segmentBytes + this.at - this.start;
  }

  /** Whether the socket has not taken everything that was written. */
  get isWriting(): boolean {
    return this.writes > 0;
  }

  /** Makes room for `bytes` at `at`, and schedules the batch for the end of this turn. */
  reserve(bytes: number): void {
    if (this.at - this.start >= this.earlyBytes) this.writeEarly();
    if (this.buffer.length - this.at < bytes) this.nextBuffer(bytes);
    if (!this.scheduled) this.schedule();
  }

  /** Whether what was written at `start` is still at the end of the same batch, and `bytes` more fit behind it. */
  mayAmend(batch: number, start: number, bytes: number): boolean {
    return batch === this.batch && start >= this.start && this.buffer.length - this.at >= bytes;
  }

  /** Adds bytes by reference. They must not change any more. */
  append(bytes: Uint8Array): void {
    this.closeSegment();
    this.segments.push(bytes);
    this.segmentBytes += bytes.length;
    if (!this.scheduled) this.schedule();
  }

  /** Notifies the owner of a body when the batch, which contains the body's last bytes, has been written. */
  notifyWhenSent(owner: BodyOwner, body: Uint8Array): void {
    this.notices.push({ owner, body });
  }

  /** Notes that what is written from now on replies to bytes that have just been received. */
  answer(): void {
    if (answering === this) return;
    answering = this;
    countReplier();
  }

  /** Schedules a write for the end of this turn, unless one is under way; the batch is then written after that one. */
  schedule(): void {
    if (this.scheduled || this.writes > 0 || this.ended) return;
    this.scheduled = true;
    if (answering === this) scheduleReplies(this);
    else setImmediate(writeBatch, this);
  }

  /** Writes the batch, unless a write is under way. */
  write(): void {
    this.scheduled = false;
    if (answering === this) answering = null;
    this.earlyBytes = this.firstEarlyBytes;
    if (this.writes > 0 || this.ended) return;
    this.owner.beforeWrite();
    if (this.ended) return;
    if (this.pendingBytes === 0) this.release();
    else this.writeOut();
  }

  /** Writes the batch, even if a write is under way, and accepts nothing more. */
  end(): void {
    if (this.ended) return;
    if (this.pendingBytes > 0) this.writeOut();
    this.stop();
  }

  /** Drops the batch and accepts nothing more. */
  discard(): void {
    this.stop();
    this.segments = [];
    this.notices = [];
    this.buffer = EMPTY;
    this.at = this.start = this.segmentBytes = 0;
  }

  private stop(): void {
    this.ended = true;
    if (answering === this) answering = null; // it would keep the connection in memory
  }

  /**
   * Writes what there is, so that the peer can start while this turn adds more: the two sides then work at the same
   * time. It does nothing while the operating system has not taken everything written before.
   */
  private writeEarly(): void {
    if (this.ended || this.socket.writableLength > 0) return;
    this.earlyBytes *= 2;
    this.writeOut();
  }

  private writeOut(): void {
    const { socket } = this;
    this.writes++;
    this.batch++;
    this.owner.onWrite();
    if (this.notices.length > 0) {
      this.leavingNotices.push(...this.notices);
      this.notices = [];
    }
    if (this.segments.length === 0) {
      const { start, at } = this;
      this.start = at;
      socket.write(this.buffer.subarray(start, at), this.written);
      return;
    }
    this.closeSegment();
    const { segments } = this;
    this.segments = [];
    this.segmentBytes = 0;
    this.leaving.push(...this.full);
    this.full = [];
    const last = segments.length - 1;
    socket.cork();
    for (let i = 0; i < last; i++) socket.write(segments[i]!);
    socket.write(segments[last]!, this.written);
    socket.uncork();
  }

  /** The callback of every write of this connection. Errors are reported by the socket. */
  private readonly written = (error?: Error | null): void => {
    if (--this.writes > 0 || this.ended || error) return;
    if (this.leaving.length > 0) {
      for (const buffer of this.leaving) giveBack(buffer);
      this.leaving = [];
    }
    if (this.leavingNotices.length > 0) {
      const notices = this.leavingNotices;
      this.leavingNotices = [];
      for (const { owner, body } of notices) owner.bodySent(body);
    }
    this.owner.afterWrite();
    if (!this.scheduled) this.write();
  };

  /**
   * Returns the buffer to the pool when nothing waits and no write is under way: an idle connection holds no buffer.
   */
  private release(): void {
    if (this.writes > 0 || this.pendingBytes > 0) return;
    if (this.at < SMALL_BYTES / 2) this.isRoomy = false;
    if (this.buffer.length > 0) giveBack(this.buffer);
    this.buffer = EMPTY;
    this.at = this.start = 0;
  }

  private nextBuffer(bytes: number): void {
    this.closeSegment();
    if (this.buffer.length > 0) {
      this.full.push(this.buffer);
      this.isRoomy = true;
    }
    this.batch++; // frames in the buffer before this one can no longer be amended
    this.buffer = this.isRoomy || bytes > SMALL_BYTES ? takeLarge(bytes) : takeSmall();
    this.at = this.start = 0;
  }

  private closeSegment(): void {
    if (this.at === this.start) return;
    this.segments.push(this.buffer.subarray(this.start, this.at));
    this.segmentBytes += this.at - this.start;
    this.start = this.at;
  }
}

function writeBatch(output: Output): void {
  output.write();
}

function takeLarge(bytes: number): Buffer {
  if (bytes > BUFFER_BYTES) return Buffer.allocUnsafeSlow(bytes);
  return pool.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

function takeSmall(): Buffer {
  return smallPool.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
}

function giveBack(buffer: Buffer): void {
  if (buffer.length === SMALL_BYTES) {
    if (smallPool.length < MAX_POOLED_SMALL) smallPool.push(buffer);
  } else if (buffer.length === BUFFER_BYTES && pool.length < MAX_POOLED) pool.push(buffer);
}
