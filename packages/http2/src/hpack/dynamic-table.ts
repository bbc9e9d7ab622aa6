/**
 * The size of an entry besides its name and value, in bytes (RFC 7541 §4.1). SETTINGS_MAX_HEADER_LIST_SIZE counts
 * fields in the same way.
 */
export const ENTRY_OVERHEAD = 32;

/** The initial size of the table at both ends, in bytes (RFC 9113 §6.5.2). */
export const INITIAL_TABLE_BYTES = 4096;

const INITIAL_SLOTS = 16;

/**
 * The dynamic table (RFC 7541 §2.3.2). The newest entry has position 0, and the oldest is evicted first. It is a ring,
 * so that insertions and evictions move nothing. It allocates nothing before the first insertion.
 */
export class DynamicTable {
  /** The number of entries ever inserted. With the number of an entry among them it tells the entry's position. */
  inserted = 0;
  /** The number of entries in the table. */
  count = 0;
  /** The size of the entries, in bytes (RFC 7541 §4.1). */
  size = 0;
  /** The largest size of the table, in bytes. */
  maxSize: number;
  /** A number that changes when a position gets another meaning. What remembers positions must remember it as well. */
  generation = 0;
  private names: string[] = [];
  private values: string[] = [];
  private mask = -1;

  constructor(maxSize: number) {
    this.maxSize = maxSize;
  }

  /** Returns the name of an entry. `position` must be below `count`. */
  nameAt(position: number): string {
    return this.names[(this.inserted - 1 - position) & this.mask] ?? "";
  }

  /** Returns the value of an entry. `position` must be below `count`. */
  valueAt(position: number): string {
    return this.values[(this.inserted - 1 - position) & this.mask] ?? "";
  }

  fits(name: string, value: string): boolean {
    return this.size + entrySize(name, value) <= this.maxSize;
  }

  /** Inserts an entry and evicts others as necessary. One larger than the table empties it and is not kept (§4.4). */
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
