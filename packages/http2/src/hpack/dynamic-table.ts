/** What an entry counts beyond its name and value (RFC 7541 §4.1); the same in SETTINGS_MAX_HEADER_LIST_SIZE. */
export const ENTRY_OVERHEAD = 32;

/** The table size both ends begin with (RFC 9113 §6.5.2). */
export const INITIAL_TABLE_BYTES = 4096;

const INITIAL_SLOTS = 16;

/**
 * The dynamic table (RFC 7541 §2.3.2): the newest entry has position 0, the oldest leaves first. Kept as a ring, so that
 * neither inserting nor evicting moves anything. Nothing is allocated before the first insertion.
 */
export class DynamicTable {
  /** Grows by one with each insertion; an entry's place among all ever inserted tells its position now. */
  inserted = 0;
  /** Entries in the table. */
  count = 0;
  /** Their size as RFC 7541 §4.1 counts it. */
  size = 0;
  maxSize: number;
  /** Changes whenever a position begins to mean another field: whoever remembers positions remembers this beside them. */
  generation = 0;
  private names: string[] = [];
  private values: string[] = [];
  private mask = -1;

  constructor(maxSize: number) {
    this.maxSize = maxSize;
  }

  /** `position` must be below `count`. */
  nameAt(position: number): string {
    return this.names[(this.inserted - 1 - position) & this.mask] ?? "";
  }

  valueAt(position: number): string {
    return this.values[(this.inserted - 1 - position) & this.mask] ?? "";
  }

  fits(name: string, value: string): boolean {
    return this.size + entrySize(name, value) <= this.maxSize;
  }

  /** Evicts what must go; an entry larger than the table empties it and is not kept (RFC 7541 §4.4). */
  insert(name: string, value: string): void {
    const size = entrySize(name, value);
    this.generation++;
    this.evictDownTo(this.maxSize - size);
    if (size > this.maxSize) return;
    if (this.count > this.mask) this.growRing();
    const slot = this.inserted & this.mask;
    this.names[slot] = name;
    this.values[slot] = value;
    this.inserted++;
    this.count++;
    this.size += size;
  }

  resize(maxSize: number): void {
    if (maxSize !== this.maxSize) this.generation++;
    this.maxSize = maxSize;
    this.evictDownTo(maxSize);
  }

  private evictDownTo(size: number): void {
    if (this.size <= size) return;
    this.generation++;
    while (this.count > 0 && this.size > size) {
      const slot = (this.inserted - this.count) & this.mask;
      this.size -= entrySize(this.names[slot] ?? "", this.values[slot] ?? "");
      this.names[slot] = "";
      this.values[slot] = "";
      this.count--;
    }
  }

  private growRing(): void {
    const slots = this.mask < 0 ? INITIAL_SLOTS : (this.mask + 1) * 2;
    const names = new Array<string>(slots).fill("");
    const values = new Array<string>(slots).fill("");
    for (let position = this.count - 1; position >= 0; position--) {
      const slot = (this.inserted - 1 - position) & (slots - 1);
      names[slot] = this.nameAt(position);
      values[slot] = this.valueAt(position);
    }
    this.names = names;
    this.values = values;
    this.mask = slots - 1;
  }
}

export function entrySize(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}
