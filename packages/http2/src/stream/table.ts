/** The smallest number of slots of the ring. */
const SMALLEST = 8;
/** The number of slots from which on the ring is released with its last stream, so that an idle connection is small. */
const LARGEST_KEPT = 4_096;

interface Identified {
  readonly id: number;
}

/**
 * The open streams of a connection by their ids. The ids of one side grow by two, so those of open streams lie close
 * together: a ring indexed by id finds them several times faster than a Map. A stream that is still open when its slot
 * in the ring is needed for a younger one moves to a Map.
 */
export class StreamTable<S extends Identified> {
  count = 0;
  private ring: (S | undefined)[] = new Array<S | undefined>(SMALLEST).fill(undefined);
  private mask = SMALLEST - 1;
  private displaced: Map<number, S> | null = null;

  get(id: number): S | undefined {
    const stream = this.ring[(id >>> 1) & this.mask];
    if (stream !== undefined && stream.id === id) return stream;
    return this.displaced === null ? undefined : this.displaced.get(id);
  }

  add(stream: S): void {
    if (this.count * 2 > this.mask) this.grow();
    this.count++;
    this.place(stream);
  }

  remove(stream: S): void {
    const slot = (stream.id >>> 1) & this.mask;
    if (this.ring[slot] === stream) this.ring[slot] = undefined;
    else if (this.displaced?.delete(stream.id) !== true) return;
    else if (this.displaced.size === 0) this.displaced = null;
    this.count--;
    if (this.count === 0 && this.mask >= LARGEST_KEPT) this.reset(SMALLEST);
  }

  /** Returns a copy, ordered by id, so that streams may be added and removed during an iteration. */
  all(): S[] {
    const streams: S[] = [];
    for (const stream of this.ring) if (stream !== undefined) streams.push(stream);
    if (this.displaced !== null) streams.push(...this.displaced.values());
    return streams.sort((a, b) => a.id - b.id);
  }

  private place(stream: S): void {
    const slot = (stream.id >>> 1) & this.mask;
    const occupant = this.ring[slot];
    if (occupant !== undefined) {
      this.displaced ??= new Map();
      this.displaced.set(occupant.id, occupant);
    }
    this.ring[slot] = stream;
  }

  private grow(): void {
    const streams = this.all();
    this.reset((this.mask + 1) * 2);
    for (const stream of streams) this.place(stream);
  }

  private reset(size: number): void {
    this.ring = new Array<S | undefined>(size).fill(undefined);
    this.mask = size - 1;
    this.displaced = null;
  }
}
