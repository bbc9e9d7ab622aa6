import type { Socket } from "node:net";
import { nextTick, setImmediate } from "../real-timers.js";

/**
 * What a connection has to write. Frames are put straight into `buffer` at `at`, and everything put there within one turn of
 * the event loop leaves in one write (writev when it is more than one piece). Answers to what the connection has just received
 * do not wait for the turn: they leave when that event and its promises are through.
 *
 * Nothing is written while the operating system has not taken all of what was written before; what comes meanwhile is the next
 * batch. So the socket's own queue stays empty, buffers can be used again as soon as writes are done, and `pendingBytes` is all
 * there is to know about a slow reader.
 */

/** One buffer: 64 KiB hold the frames of about a thousand short exchanges, and it is as much as a reader takes at once. */
const BUFFER_BYTES = 65_536;
const MAX_POOLED = 16;
const pool: Buffer[] = [];
/** That of a connection with little to say: there may be thousands that write in the same turn. */
const SMALL_BYTES = 4_096;
const MAX_POOLED_SMALL = 1_024;
const smallPool: Buffer[] = [];
const EMPTY = Buffer.alloc(0);

/** The one whose received bytes were acted on last, until it has written. */
let answering: Output | null = null;

export interface OutputOwner {
  /** Called right before a batch leaves at the end of a turn: the last chance to add to it. */
  beforeWrite(): void;
  /** Called when a batch is being given to the socket. */
  onWrite(): void;
  /** Called when a batch has been handed to the operating system. */
  afterWrite(): void;
}

/** Who wants to know when bytes that were added by reference are needed no more. */
export interface BodyOwner {
  bodySent(body: Uint8Array): void;
}

interface SentNotice {
  readonly owner: BodyOwner;
  readonly body: Uint8Array;
}

export class Output {
  /** Valid from `at` on, for as many bytes as were reserved last. */
  buffer: Buffer = EMPTY;
  at = 0;
  /** Counts the batches. */
  batch = 0;
  private start = 0;
  private readonly socket: Socket;
  private readonly owner: OutputOwner;
  /** Pieces of the batch before `buffer[start, at)`. */
  private segments: Uint8Array[] = [];
  private segmentBytes = 0;
  /** Buffers that are full, and part of the batch; and those part of the write under way. */
  private full: Buffer[] = [];
  private leaving: Buffer[] = [];
  /** Likewise, what was added by reference. */
  private notices: SentNotice[] = [];
  private leavingNotices: SentNotice[] = [];
  private scheduled = false;
  /** Writes whose callbacks have not come yet. */
  private writes = 0;
  private ended = false;
  /** A small buffer was not enough lately. */
  private isRoomy = false;
  /** A batch this large does not wait for the end of the turn: it doubles with each batch that has not, until the turn ends. */
  private earlyBytes: number;
  private readonly firstEarlyBytes: number;

  constructor(socket: Socket, owner: OutputOwner, earlyBytes: number) {
    this.socket = socket;
    this.owner = owner;
    this.earlyBytes = this.firstEarlyBytes = earlyBytes;
  }

  /** Bytes of the batch that waits. */
  get pendingBytes(): number {
    return this.segmentBytes + this.at - this.start;
  }

  /** Whether a write is under way that the socket has not taken yet. */
  get isWriting(): boolean {
    return this.writes > 0;
  }

  /** Makes room for `bytes` at `at` and sees to it that the batch leaves at the end of this turn. */
  reserve(bytes: number): void {
    if (this.at - this.start >= this.earlyBytes) this.writeEarly();
    if (this.buffer.length - this.at < bytes) this.nextBuffer(bytes);
    if (!this.scheduled) this.schedule();
  }

  /** Whether what was put at `start` in this batch is still there, at the end of it, and `bytes` fit behind it. */
  mayAmend(batch: number, start: number, bytes: number): boolean {
    return batch === this.batch && start >= this.start && this.buffer.length - this.at >= bytes;
  }

  /** Adds bytes by reference: they must not change any more. */
  append(bytes: Uint8Array): void {
    this.closeSegment();
    this.segments.push(bytes);
    this.segmentBytes += bytes.length;
    if (!this.scheduled) this.schedule();
  }

  /** Has the owner told when the batch has left, and with it the last of `body`. */
  notifyWhenSent(owner: BodyOwner, body: Uint8Array): void {
    this.notices.push({ owner, body });
  }

  /** What is put here now answers bytes that have been received. */
  answer(): void {
    answering = this;
  }

  /** Have beforeWrite called at the end of this turn, or as soon as the write under way is done. */
  schedule(): void {
    if (this.scheduled || this.writes > 0 || this.ended) return;
    this.scheduled = true;
    if (answering === this) nextTick(writeBatch, this);
    else setImmediate(writeBatch, this);
  }

  /** Writes the batch unless one is under way. */
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

  /** Writes what there is, behind a write under way if need be, and takes no more. */
  end(): void {
    if (this.ended) return;
    if (this.pendingBytes > 0) this.writeOut();
    this.stop();
  }

  /** Drops what there is and takes no more. */
  discard(): void {
    this.stop();
    this.segments = [];
    this.notices = [];
    this.buffer = EMPTY;
    this.at = this.start = this.segmentBytes = 0;
  }

  private stop(): void {
    this.ended = true;
    if (answering === this) answering = null; // which would keep the connection in memory
  }

  /**
   * Lets the peer begin on what there is while this turn adds to it: the two work at the same time, not by turns. What the
   * operating system has not taken yet is waited for as ever.
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

  /** One function for every write of this connection. An error is the socket's to report. */
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

  /** With nothing waiting and nothing under way, an idle connection holds no buffer. */
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
    this.batch++; // what was put into the one before stays as it is
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
