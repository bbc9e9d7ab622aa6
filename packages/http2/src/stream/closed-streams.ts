/** Twice the streams that a peer may have open by default, all reset at once. */
const MAX_REMEMBERED = 32_768;

/**
 * Streams that we have reset and the peer may not know of yet: what it had already sent for them is no mistake and is ignored
 * (RFC 9113 §5.1, closed). Frames for any other closed stream are.
 */
export class ClosedStreams {
  private ids: Set<number> | null = null;
  /** Some have been forgotten for want of room: from then on the benefit of the doubt is everyone's. */
  private overflowed = false;

  remember(id: number): void {
    this.ids ??= new Set();
    this.ids.add(id);
    if (this.ids.size <= MAX_REMEMBERED) return;
    this.overflowed = true;
    for (const oldest of this.ids) {
      this.ids.delete(oldest);
      break;
    }
  }

  wasReset(id: number): boolean {
    return this.overflowed || this.ids?.has(id) === true;
  }

  /** The peer has ended it as well, and will send no more. */
  forget(id: number): void {
    if (this.ids?.delete(id) && this.ids.size === 0) this.ids = null;
  }
}
