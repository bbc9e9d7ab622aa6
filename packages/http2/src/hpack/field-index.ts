import type { DynamicTable } from "./dynamic-table.js";
import { STATIC_ENTRIES, staticFieldIndex, staticNameIndex } from "./static-table.js";

/**
 * The entries of the dynamic table with the same name. An entry is identified by its number among all entries ever
 * inserted (see `DynamicTable.inserted`), its "place". Most names have one value, so there is a Map only for the values
 * before the newest one: an idle connection is smaller by a kilobyte without the others.
 */
export class Places {
  private newestValue: string;
  private older: Map<string, number> | null = null;

  constructor(
    value: string,
    public newest: number,
  ) {
    this.newestValue = value;
  }

  /** Returns the place of the entry with this value, or undefined. */
  of(value: string): number | undefined {
    return value === this.newestValue ? this.newest : this.older?.get(value);
  }

  add(value: string, place: number): void {
    this.older ??= new Map();
    this.older.set(this.newestValue, this.newest);
    this.newestValue = value;
    this.newest = place;
  }
}

/** Finds the index of a field in the static and dynamic tables, for an encoder. */
export class FieldIndex {
  private readonly table: DynamicTable;
  private readonly names = new Map<string, Places>();

  constructor(table: DynamicTable) {
    this.table = table;
  }

  /** Returns the HPACK index of a field, or 0. */
  field(name: string, value: string): number {
    const fixed = staticFieldIndex(name, value);
    if (fixed !== 0) return fixed;
    const place = this.names.get(name)?.of(value);
    return place === undefined ? 0 : this.indexOf(place);
  }

  /** Returns the HPACK index of a field with this name, or 0. */
  name(name: string): number {
    const known = this.names.get(name);
    return staticNameIndex(name) || (known === undefined ? 0 : this.indexOf(known.newest));
  }

  /** Inserts a field into the table and remembers its place. */
  insert(name: string, value: string): void {
    const place = this.table.inserted;
    this.table.insert(name, value);
    if (this.table.inserted === place) return; // the field is larger than the table
    this.note(name, value, place);
  }

  /** Forgets evicted entries, so that the index never outgrows the table. */
  rebuild(): void {
    const { table } = this;
    this.names.clear();
    for (let position = table.count - 1; position >= 0; position--) {
      const name = table.nameAt(position);
      const value = table.valueAt(position);
      const place = table.inserted - 1 - position;
      this.note(name, value, place);
    }
  }

  /** Returns the entries with this name, or undefined if there are none in the dynamic table. */
  places(name: string): Places | undefined {
    return this.names.get(name);
  }

  /** Returns the current HPACK index of an entry. */
  indexOf(place: number): number {
    return STATIC_ENTRIES + this.table.inserted - place;
  }

  private note(name: string, value: string, place: number): void {
    const known = this.names.get(name);
    if (known === undefined) this.names.set(name, new Places(value, place));
    else known.add(value, place);
  }
}
