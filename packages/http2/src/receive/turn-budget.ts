import { performance, setImmediate } from "../real-timers.js";

/**
 * The number of frames that all connections of a thread may process in one turn of the event loop. A unary call takes
 * two frames and, with its response, about 8 µs. 1,024 calls thus take 8 ms, after which timers, other connections and
 * new sockets get their turn. A single connection with 1,000 calls in flight is not interrupted; if ten connections
 * send without end, each of them gets 102 calls per turn.
 */
export const FRAMES_A_TURN = 2_048;

/**
 * The number of frames that a connection may process in any turn. If a hundred connections send without end, a turn has
 * 1,600 calls and takes 13 ms.
 */
export const MIN_FRAMES = 32;

/**
 * The number of frames after which the end of the turn is awaited, to restart the count. Waiting for it costs one or
 * two microseconds: that is little once in 256 calls, but too much for each of them.
 */
const COUNTED_FRAMES = 512;

/**
 * The number of reads that may fill the buffer in one turn. After each of them libuv would read again, up to 32 times.
 * A read of 64 KiB takes from 10 µs (large bodies) to one or two milliseconds (messages of a few bytes).
 */
export const FULL_READS_A_TURN = 16;

/**
 * The duration of a turn for handlers that are slower than that, in milliseconds. It is checked after every slice but
 * the first.
 */
const TURN_MS = 8;

/** The number of frames that are processed between two checks whether the turn is over. */
export const SLICE = 16;

/**
 * The number of frames processed in this turn, and perhaps some before. Reads of no more than one slice are not
 * counted.
 */
let done = 0;
let isEndAwaited = false;

/** The number of connections that have bytes left for their next turn, and share it. */
let waiting = 0;

/** Counts what one connection does in a turn, and tells when its share is used up. */
export class TurnBudget {
  private frames = 0;
  private fullReads = 0;
  private startedAt = -1;
  private isCounted = false;

  /** Starts a new turn of the event loop. */
  begin(): void {
    this.frames = 0;
    this.fullReads = 0;
    this.startedAt = -1;
  }

  /** Counts a slice of processed frames. @returns whether the share is used up */
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

  /** Counts a read that filled the buffer and has been processed. @returns whether the share is used up */
  spendFullRead(): boolean {
    this.fullReads++;
    return this.fullReads >= FULL_READS_A_TURN / this.sharers || this.isLate();
  }

  /** Whether the connection has bytes left for the next turn. */
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
