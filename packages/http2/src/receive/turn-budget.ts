import { performance, setImmediate } from "../real-timers.js";

/**
 * What all connections of a thread act on in a turn of the event loop, in frames. A unary call is two and takes some 8 µs with its answer,
 * so 1,024 calls are 8 ms, after which timers, other connections and whoever wants to connect get their turn. One connection with 1,000
 * calls in flight is not interrupted; of ten that send without end, each has 102 calls a turn.
 */
export const FRAMES_A_TURN = 2_048;

/** What a connection may act on in any case: with a hundred that send without end, a turn is 1,600 calls, 13 ms. */
export const MIN_FRAMES = 32;

/**
 * When so many have been counted, the end of the turn is waited for, to count anew. Before that nobody needs to know when a turn ends, and
 * to be told takes a microsecond or two: little once in 256 calls, too much for each.
 */
const COUNTED_FRAMES = 512;

/**
 * Reads that fill the buffer, after each of which libuv would read again, up to 32 times. One of 64 KiB takes from 10 µs (large bodies)
 * to a millisecond or two (messages of a few bytes).
 */
export const FULL_READS_A_TURN = 16;

/** The same in time, for handlers that take more of it than all of this. Looked at after each slice but the first. */
const TURN_MS = 8;

/** Frames to be acted on between two questions whether the turn is over. */
export const SLICE = 16;

/** Frames acted on in this turn, and perhaps some before; but for those of reads that bring no more than a slice. */
let done = 0;
let isEndAwaited = false;

/** Connections that have something left for their next turn, and budget it. */
let waiting = 0;

/** One connection's budget of a turn: counts what it does, and says when it is enough. */
export class TurnBudget {
  private frames = 0;
  private fullReads = 0;
  private startedAt = -1;
  private isCounted = false;

  /** A new turn of the event loop. */
  begin(): void {
    this.frames = 0;
    this.fullReads = 0;
    this.startedAt = -1;
  }

  /** A slice of frames has been acted on. @returns whether that was enough */
  spendSlice(): boolean {
    this.frames += SLICE;
    done += SLICE;
    if (done >= COUNTED_FRAMES && !isEndAwaited) {
      isEndAwaited = true;
      setImmediate(beginTurn);
    }
    const isShareDone = done >= FRAMES_A_TURN || this.frames >= FRAMES_A_TURN / this.sharers;
    return (isShareDone && this.frames >= MIN_FRAMES) || this.isLate();
  }

  /** The buffer was full, and all of it has been acted on. @returns whether that was enough */
  spendFullRead(): boolean {
    this.fullReads++;
    return this.fullReads >= FULL_READS_A_TURN / this.sharers || this.isLate();
  }

  /** Whether its connection has something left for the next turn. */
  set isWaiting(isWaiting: boolean) {
    if (isWaiting !== this.isCounted) waiting += isWaiting ? 1 : -1;
    this.isCounted = isWaiting;
  }

  get isWaiting(): boolean {
    return this.isCounted;
  }

  private get sharers(): number {
    return this.isCounted ? waiting : waiting + 1;
  }

  private isLate(): boolean {
    const now = performance.now();
    if (this.startedAt < 0) this.startedAt = now;
    return now - this.startedAt >= TURN_MS / this.sharers;
  }
}

function beginTurn(): void {
  done = 0;
  isEndAwaited = false;
}
