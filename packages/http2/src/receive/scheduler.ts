import { setImmediate } from "../real-timers.js";
import { FULL_READ_BYTES } from "../socket/read-in-place.js";
import { SLICE, TurnBudget } from "./turn-budget.js";

/** Whose bytes they are: a connection. */
export interface ReceiveSchedulerOwner {
  /** What is received may be kept; otherwise it is overwritten, and has to be copied. */
  readonly bytesMayBeKept: boolean;
  /** Nothing is to be acted on until `ReceiveScheduler.resume()`: the peer does not read its answers. */
  readonly isHeld: boolean;
  beforeFrames(): void;
  /** Acts on up to `maxFrames` frames. @returns where it stopped; the end if the connection is over */
  onBytes(buffer: Uint8Array, start: number, end: number, maxFrames: number): number;
  afterFrames(): void;
  /** These bytes, which begin with a frame, have to wait for the next turn. */
  onLeftOver(buffer: Uint8Array): void;
  pauseReading(): void;
  resumeReading(): void;
}

/**
 * Takes what a connection receives to its frames, so much in a turn of the event loop. When its budget is used up, the rest of what was
 * read is kept (64 KiB at most), nothing more is read, so that the peer feels it, and the connection goes on in its next turn: after
 * timers, new arrivals and all other connections that have something left.
 */
export class ReceiveScheduler {
  private readonly owner: ReceiveSchedulerOwner;
  private readonly budget = new TurnBudget();
  /** Received and not acted on, in order; the first from `at` on. */
  private rest: Uint8Array[] = [];
  private at = 0;

  constructor(owner: ReceiveSchedulerOwner) {
    this.owner = owner;
  }

  receive(buffer: Uint8Array, start: number, end: number): void {
    const { budget } = this;
    if (budget.isWaiting || this.rest.length > 0) {
      this.keep(buffer, start, end); // from a reader that does not stop when it is told to
      return;
    }
    const at = this.act(buffer, start, end);
    if (at < end) {
      this.owner.onLeftOver(this.keep(buffer, at, end));
      this.wait();
    } else if (end - start < FULL_READ_BYTES) budget.begin();
    else if (budget.spendFullRead()) this.wait();
  }

  /** The peer reads again. */
  resume(): void {
    if (this.rest.length > 0) this.wait();
    else if (!this.budget.isWaiting) this.owner.resumeReading();
  }

  /** The socket has ended, and there is nothing to wait for: acts on all that has come. */
  flush(): void {
    this.budget.isWaiting = false;
    while (this.rest.length > 0) this.actOnRest(false);
  }

  /** The connection is over. */
  stop(): void {
    this.budget.isWaiting = false;
    this.rest = [];
  }

  /** @internal The next turn has come. */
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

  /** @returns false if the budget was used up before the end of the first of what is left over */
  private actOnRest(isLimited: boolean): boolean {
    const first = this.rest[0]!; // called only while there is one
    const at = this.act(first, this.at, first.length, isLimited);
    if (this.rest.length === 0) return true; // the connection is over
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

/** More frames than a Smi's worth of bytes can hold. */
const ALL = 2 ** 30 - 1;
