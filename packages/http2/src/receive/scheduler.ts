import { setImmediate } from "../real-timers.js";
import { FULL_READ_BYTES } from "../socket/read-in-place.js";
import { SLICE, TurnBudget } from "./turn-budget.js";

/** The connection whose bytes a {@link ReceiveScheduler} schedules. */
export interface ReceiveSchedulerOwner {
  /** Whether received buffers may be kept; if not, they are overwritten after the call and must be copied. */
  readonly bytesMayBeKept: boolean;
  /** Whether received bytes must wait until `resume()`, because the peer does not read our replies. */
  readonly isHeld: boolean;
  /** Is called before a run of `onBytes()`. */
  beforeFrames(): void;
  /** Processes up to `maxFrames` frames. @returns where it stopped, which is the end if the connection has ended */
  onBytes(buffer: Uint8Array, start: number, end: number, maxFrames: number): number;
  /** Is called after a run of `onBytes()`. */
  afterFrames(): void;
  /** Is called with bytes that must wait for the next turn. They begin with a frame. */
  onLeftOver(buffer: Uint8Array): void;
  pauseReading(): void;
  resumeReading(): void;
}

/**
 * Passes the bytes that a connection receives to its frame reader, a limited number of frames in each turn of the event
 * loop. When the connection's share of the turn is used up, the rest of what was read (at most 64 KiB) is kept and
 * reading stops, which slows the peer down. The connection continues in its next turn, after timers, new sockets, and
 * all other connections that have bytes left.
 */
export class ReceiveScheduler {
  private readonly owner: ReceiveSchedulerOwner;
  private readonly budget = new TurnBudget();
  /** The received bytes that have not been processed, in order. The first buffer starts at `at`. */
  private rest: Uint8Array[] = [];
  private at = 0;

  constructor(owner: ReceiveSchedulerOwner) {
    this.owner = owner;
  }

  /** Processes received bytes, or keeps them if earlier ones still wait. */
  receive(buffer: Uint8Array, start: number, end: number): void {
    const { budget } = this;
    if (budget.isWaiting || this.rest.length > 0) {
      this.keep(buffer, start, end); // the reader does not stop when it is asked to
      return;
    }
    const at = this.act(buffer, start, end);
    if (at < end) {
      this.owner.onLeftOver(this.keep(buffer, at, end));
      this.wait();
    } else if (end - start < FULL_READ_BYTES) budget.begin();
    else if (budget.spendFullRead()) this.wait();
  }

  /** Continues because the peer reads our replies again. */
  resume(): void {
    if (this.rest.length > 0) this.wait();
    else if (!this.budget.isWaiting) this.owner.resumeReading();
  }

  /** Processes everything that has been received, without a limit, because the socket has ended. */
  flush(): void {
    this.budget.isWaiting = false;
    while (this.rest.length > 0) this.actOnRest(false);
  }

  /** Drops everything that has been received, because the connection has ended. */
  stop(): void {
    this.budget.isWaiting = false;
    this.rest = [];
  }

  /** @internal Continues in a new turn of the event loop. */
  takeTurn(): void {
    const { owner, budget } = this;
    if (!budget.isWaiting) return;
    budget.begin();
    while (this.rest.length > 0 && !owner.isHeld) {
      if (!this.actOnRest(true)) {
        setImmediate(takeTurn, this);
        return;
      }
    }
    budget.isWaiting = false;
    if (!owner.isHeld) owner.resumeReading();
  }

  private wait(): void {
    if (this.budget.isWaiting) return;
    this.budget.isWaiting = true;
    this.owner.pauseReading();
    setImmediate(takeTurn, this);
  }

  private keep(buffer: Uint8Array, start: number, end: number): Uint8Array {
    const bytes = buffer.subarray(start, end);
    const kept = this.owner.bytesMayBeKept ? bytes : new Uint8Array(bytes);
    if (this.rest.length === 0) this.at = 0;
    this.rest.push(kept);
    return kept;
  }

  /** Processes the first of the kept buffers. @returns false if the share of this turn is used up before its end */
  private actOnRest(isLimited: boolean): boolean {
    const first = this.rest[0]!; // callers check that there is one
    const at = this.act(first, this.at, first.length, isLimited);
    if (this.rest.length === 0) return true; // the connection has ended
    this.at = at;
    if (at < first.length) return false;
    this.rest.shift();
    this.at = 0;
    return true;
  }

  private act(buffer: Uint8Array, start: number, end: number, isLimited = true): number {
    const { owner, budget } = this;
    owner.beforeFrames();
    let at = owner.onBytes(buffer, start, end, isLimited ? SLICE : ALL);
    while (at < end && !budget.spendSlice()) at = owner.onBytes(buffer, at, end, SLICE);
    owner.afterFrames();
    return at;
  }
}

function takeTurn(scheduler: ReceiveScheduler): void {
  scheduler.takeTurn();
}

/** A number of frames that no buffer contains. As a small integer (Smi) it costs V8 no allocation. */
const ALL = 2 ** 30 - 1;
