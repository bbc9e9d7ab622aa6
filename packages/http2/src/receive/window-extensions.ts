import type { Stream } from "../stream/stream.js";

/** A message that its stream's window is too small for, and whose owner waits for it. */
export class Claim {
  readonly stream: Stream;
  /** What is still to come of it. */
  readonly bytes: number;
  isGranted = false;
  /** How much larger the stream's window is for it. */
  extra = 0;

  constructor(stream: Stream, bytes: number) {
    this.stream = stream;
    this.bytes = bytes;
  }
}

/**
 * Messages larger than their stream's window. One is let in when all that is to come of it has its place: so each that is let in can
 * become whole, where many that are half there would wait for each other for ever. They are let in in the order in which they came,
 * and one alone always, so a limit for messages may be larger than the place that there is.
 */
export class Claims {
  private readonly placeBytes: number;
  /** What those that were let in take. */
  reservedBytes = 0;
  private readonly line = new Set<Claim>();

  constructor(placeBytes: number) {
    this.placeBytes = placeBytes;
  }

  /** By how much one message alone exceeds the place. */
  get overdraftBytes(): number {
    return Math.max(0, this.reservedBytes - this.placeBytes);
  }

  /** The first in line. */
  get first(): Claim | null {
    for (const claim of this.line) return claim;
    return null;
  }

  add(claim: Claim): void {
    this.line.add(claim);
  }

  hasPlaceFor(claim: Claim): boolean {
    return this.reservedBytes === 0 || this.reservedBytes + claim.bytes <= this.placeBytes;
  }

  /** The first in line is let in. */
  grant(claim: Claim): void {
    this.line.delete(claim);
    claim.isGranted = true;
    this.reservedBytes += claim.bytes;
  }

  /** The message is done with, or given up. */
  release(claim: Claim): void {
    if (claim.isGranted) this.reservedBytes -= claim.bytes;
    else this.line.delete(claim);
  }
}
