import { ConnectionError, ErrorCode } from "../errors.js";
import { BlockCache, MAX_CACHED_BLOCK_BYTES } from "./block-cache.js";
import { DynamicTable, entrySize, INITIAL_TABLE_BYTES } from "./dynamic-table.js";
import { HeaderList, NO_FIELDS } from "./header-list.js";
import { maxDecodedBytes, readHuffman } from "./huffman.js";
import { Cursor, readInteger, truncatedBlock } from "./integer.js";
import { readLatin1 } from "./latin1.js";
import { STATIC_ENTRIES, staticNames, staticValues } from "./static-table.js";

/** Fewer indexed fields than this in front are not worth a lookup of their own. */
const MIN_RUN = 2;

/** Two references, to the name and to the value. */
const BYTES_PER_INDEX = 16;

const COLON = 0x3a;
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** Decodes the field blocks of one connection, in the order received (RFC 7541 §3). */
export class Decoder {
  /**
   * Fields of the block decoded last that follow those of the list returned: never pseudo-header fields, mostly none. A peer
   * that sends the same fields again and again and one that varies (grpc-timeout, say) costs the decoding of that one.
   */
  extra: readonly string[] = NO_FIELDS;
  private readonly table = new DynamicTable(INITIAL_TABLE_BYTES);
  private readonly cursor = new Cursor();
  private cache: BlockCache | null = null;
  /** Larger lists are decoded for the table's sake but not kept. */
  maxListBytes: number;
  /** The largest table the peer may ask for: our SETTINGS_HEADER_TABLE_SIZE. */
  private tableLimit = INITIAL_TABLE_BYTES;
  /** We lowered that below the table in use: the next block must begin with a size update (RFC 7541 §4.2). */
  private updateDue = false;
  private extraBytes = 0;

  constructor(maxListBytes: number) {
    this.maxListBytes = maxListBytes;
  }

  /** SETTINGS_HEADER_TABLE_SIZE as it now binds the peer: at once when raised, with its acknowledgement when lowered. */
  setTableLimit(bytes: number): void {
    this.tableLimit = bytes;
    this.updateDue = this.table.maxSize > bytes;
  }

  /** The list that the whole block `[start, end)` amounts to, together with `extra`. */
  decode(buffer: Uint8Array, start: number, end: number): HeaderList {
    this.extra = NO_FIELDS;
    if (this.updateDue) return this.decodeAll(buffer, start, end);

    // Indexed fields of one byte each: all there is to a block that has been sent before, or nearly all.
    let at = start;
    let hash = FNV_OFFSET;
    while (at < end) {
      const byte = buffer[at]!;
      if (byte < 0x80 || byte === 0xff) break;
      hash = Math.imul(hash ^ byte, FNV_PRIME);
      at++;
    }
    const runHash = hash ^ (hash >>> 15);
    if (at === end) return this.findOrDecode(runHash, buffer, start, end);

    // A known run and literals after it: the block of a peer that varies one field.
    const mayHaveExtra = at - start >= MIN_RUN && buffer[at]! < 0x10;
    if (mayHaveExtra) {
      const base = this.cache?.find(runHash, this.table.generation, buffer, start, at);
      if (base !== undefined && this.decodeExtra(base.size, buffer, at, end)) return base;
    }

    if (end - start > MAX_CACHED_BLOCK_BYTES) return this.decodeAll(buffer, start, end);
    for (let rest = at; rest < end; rest++) hash = Math.imul(hash ^ buffer[rest]!, FNV_PRIME);
    hash ^= hash >>> 15;
    const known = this.cache?.find(hash, this.table.generation, buffer, start, end);
    if (known !== undefined) return known;
    if (mayHaveExtra && this.decodeExtra(0, buffer, at, end)) {
      const base = this.decodeAndKeep(runHash, buffer, start, at);
      if (base.size + this.extraBytes <= this.maxListBytes) return base;
      this.extra = NO_FIELDS;
    }
    return this.decodeAndKeep(hash, buffer, start, end);
  }

  /**
   * What it takes to keep the list decoded last, and `extra`, which came as so many bytes: no more than the list's size, nor, where most of it
   * is in the table anyway, than two references for each byte.
   */
  costOf(list: HeaderList, blockBytes: number): number {
    const size = this.extra === NO_FIELDS ? list.size : list.size + this.extraBytes;
    return Math.min(size, blockBytes * BYTES_PER_INDEX);
  }

  private findOrDecode(hash: number, buffer: Uint8Array, start: number, end: number): HeaderList {
    const known = this.cache?.find(hash, this.table.generation, buffer, start, end);
    return known ?? this.decodeAndKeep(hash, buffer, start, end);
  }

  /** A block that changes the table means something else the next time, so it is not kept; nor are secrets. */
  private decodeAndKeep(hash: number, buffer: Uint8Array, start: number, end: number): HeaderList {
    const { generation } = this.table;
    const list = this.decodeAll(buffer, start, end);
    const unchanged = this.table.generation === generation;
    if (unchanged && end - start <= MAX_CACHED_BLOCK_BYTES && !list.oversized && list.neverIndexed.length === 0) {
      this.cache ??= new BlockCache();
      const bytes = new Uint8Array(buffer.subarray(start, end)); // a copy: the read buffer is used again
      this.cache.keep({ hash, bytes, generation, list });
    }
    return list;
  }

  /** Literals without indexing, to the end; false, with nothing changed, for anything else or more than is allowed. */
  private decodeExtra(baseBytes: number, buffer: Uint8Array, start: number, end: number): boolean {
    const { cursor } = this;
    cursor.buffer = buffer;
    cursor.at = start;
    cursor.end = end;
    const extra: string[] = [];
    let bytes = 0;
    while (cursor.at < end) {
      if (buffer[cursor.at]! >= 0x10) return false;
      const name = this.readName(0x0f);
      if (name.charCodeAt(0) === COLON) return false;
      const value = this.readString();
      bytes += entrySize(name, value);
      if (baseBytes + bytes > this.maxListBytes) return false;
      extra.push(name, value);
    }
    this.extra = extra;
    this.extraBytes = bytes;
    return true;
  }

  /** Every representation of RFC 7541 §6. */
  private decodeAll(buffer: Uint8Array, start: number, end: number): HeaderList {
    const { cursor, maxListBytes } = this;
    cursor.buffer = buffer;
    cursor.at = start;
    cursor.end = end;
    let fields: string[] = [];
    let neverIndexed: string[] | null = null;
    let size = 0;
    this.readSizeUpdates();
    while (cursor.at < end) {
      const byte = buffer[cursor.at]!;
      let name: string;
      let value: string;
      if (byte >= 0x80) {
        const index = readInteger(cursor, 0x7f);
        name = this.nameAt(index);
        value = this.valueAt(index);
      } else if (byte >= 0x40) {
        name = this.readName(0x3f);
        value = this.readString();
        this.table.insert(name, value);
      } else if (byte >= 0x20) {
        throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, "table size update after the first field of a block");
      } else {
        name = this.readName(0x0f);
        value = this.readString();
        if (byte >= 0x10) {
          neverIndexed ??= [];
          if (size <= maxListBytes) neverIndexed.push(name);
        }
      }
      size += entrySize(name, value);
      if (size <= maxListBytes) fields.push(name, value);
    }
    const oversized = size > maxListBytes;
    if (oversized) fields = [];
    return new HeaderList(fields, size, neverIndexed ?? NO_FIELDS, oversized);
  }

  /** RFC 7541 §4.2: only at the beginning of a block, and owed there when we lowered the limit. */
  private readSizeUpdates(): void {
    const { cursor } = this;
    while (cursor.at < cursor.end && (cursor.buffer[cursor.at]! & 0xe0) === 0x20) {
      const size = readInteger(cursor, 0x1f);
      if (size > this.tableLimit) {
        const message = `table size update to ${size} exceeds the limit of ${this.tableLimit}`;
        throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, message);
      }
      this.table.resize(size);
      this.updateDue = false;
    }
    if (this.updateDue) {
      const message = `no table size update after the limit was lowered to ${this.tableLimit}`;
      throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, message);
    }
  }

  private readName(mask: number): string {
    const index = readInteger(this.cursor, mask);
    return index === 0 ? this.readString() : this.nameAt(index);
  }

  private readString(): string {
    const { cursor } = this;
    const { buffer, end } = cursor;
    if (cursor.at >= end) throw truncatedBlock();
    const huffman = buffer[cursor.at]! >= 0x80;
    const length = readInteger(cursor, 0x7f);
    const start = cursor.at;
    if (length > end - start) throw truncatedBlock();
    cursor.at = start + length;
    if (!huffman) return readLatin1(buffer, start, start + length);
    const scratch = scratchOf(maxDecodedBytes(length));
    return readLatin1(scratch, 0, readHuffman(buffer, start, start + length, scratch));
  }

  private nameAt(index: number): string {
    if (index <= STATIC_ENTRIES) return staticNames[this.checkIndex(index)] ?? "";
    return this.table.nameAt(this.checkIndex(index) - STATIC_ENTRIES - 1);
  }

  private valueAt(index: number): string {
    if (index <= STATIC_ENTRIES) return staticValues[index] ?? "";
    return this.table.valueAt(index - STATIC_ENTRIES - 1);
  }

  private checkIndex(index: number): number {
    if (index === 0 || index > STATIC_ENTRIES + this.table.count) {
      const message = `field index ${index} with ${this.table.count} entries in the dynamic table`;
      throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, message);
    }
    return index;
  }
}

/** Huffman strings are decoded here, whichever connection they come from: nothing stays in it beyond one string. */
let scratch = Buffer.allocUnsafe(0);

function scratchOf(bytes: number): Uint8Array {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafe(Math.max(bytes, 1024));
  return scratch;
}
