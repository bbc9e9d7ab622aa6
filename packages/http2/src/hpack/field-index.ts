import type { DynamicTable } from "./dynamic-table.js";
import { STATIC_ENTRIES, staticFieldIndex, staticNameIndex } from "./static-table.js";

interface Known {
  /** Place of the newest entry with this name among all ever inserted. */
  place: number;
  readonly places: Map<string, number>;
}

/** Finds fields in both tables, for an encoder: the reverse of what an index means. */
export class FieldIndex {
  private readonly table: DynamicTable;
  private readonly names = new Map<string, Known>();

  constructor(table: DynamicTable) {
    this.table = table;
  }

  /** The HPACK index of the field, or 0. */
  field(name: string, value: string): number {
    const fixed = staticFieldIndex(name, value);
    if (fixed !== 0) return fixed;
    const place = this.names.get(name)?.places.get(value);
    return place === undefined ? 0 : this.indexOf(place);
  }

  /** An HPACK index of a field with this name, or 0. */
  name(name: string): number {
    const known = this.names.get(name);
    return staticNameIndex(name) || (known === undefined ? 0 : this.indexOf(known.place));
  }

  /** Inserts into the table and remembers where. */
  insert(name: string, value: string): void {
    const place = this.table.inserted;
    this.table.insert(name, value);
    if (this.table.inserted === place) return; // larger than the table
    const known = this.names.get(name);
    if (known === undefined) this.names.set(name, { place, places: new Map([[value, place]]) });
    else {
      known.place = place;
      known.places.set(value, place);
    }
  }

  /** After entries were evicted: forgets them, so that the index never outgrows the table. */
  rebuild(): void {
    const { table } = this;
    this.names.clear();
    for (let position = table.count - 1; position >= 0; position--) {
      const name = table.nameAt(position);
      const value = table.valueAt(position);
      const place = table.inserted - 1 - position;
      const known = this.names.get(name);
      if (known === undefined) this.names.set(name, { place, places: new Map([[value, place]]) });
      else {
        known.place = place;
        known.places.set(value, place);
      }
    }
  }

  private indexOf(place: number): number {
    return STATIC_ENTRIES + this.table.inserted - place;
  }
}
