/** The number of stream ids to remember: twice the default limit of concurrent streams, all of them reset at once. */
const MAX_REMEMBERED = 32_768;

/**
 * The streams that we have reset and that the peer may not know to be closed. Frames that it had already sent for them
 * are ignored (RFC 9113 §5.1, "closed"). Frames for any other closed stream are an error.
 */
export class ClosedStreams {
  private ids: Set<number> | null = null;
  /** Whether ids have been forgotten because there were too many. From then on, every closed stream counts as reset. */
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

  /** Forgets a stream that the peer has ended as well, so that it will send nothing more for it. */
  forget(id: number): void {
    if (this.ids?.delete(id) && this.ids.size === 0) this.ids = null;
  }
}
