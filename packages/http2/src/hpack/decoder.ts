import { ConnectionError, ErrorCode } from "../errors.js";
import { BlockCache, MAX_CACHED_BLOCK_BYTES } from "./block-cache.js";
import { DynamicTable, entrySize, INITIAL_TABLE_BYTES } from "./dynamic-table.js";
import { HeaderList, NO_FIELDS } from "./header-list.js";
import { maxDecodedBytes, readHuffman } from "./huffman.js";
import { Cursor, readInteger, truncatedBlock } from "./integer.js";
import { readLatin1 } from "./latin1.js";
import { STATIC_ENTRIES, staticNames, staticValues } from "./static-table.js";

/** The number of leading indexed fields from which on they are looked up separately. */
const MIN_RUN = 2;

/** The memory of a field that is in a table, in bytes: two references, to its name and to its value. */
const BYTES_PER_INDEX = 16;

const COLON = 0x3a;
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * Decodes the field blocks of one connection in the order in which they are received (RFC 7541 §3).
 *
 * This folder is HPACK (RFC 7541), the field compression of HTTP/2, and knows no frames. A Decoder turns a whole field
 * block into a HeaderList and keeps its dynamic table in step with the peer's encoder, or throws a COMPRESSION_ERROR,
 * which must end the connection (RFC 9113 §4.3). An Encoder does the reverse, and never evicts an entry that a cached
 * block refers to. The caller must decode every block received, in order, even those of streams it no longer wants, and
 * must send every block encoded, in order. Strings are Latin-1: one character is one byte.
 */
export class Decoder {
  /**
   * The fields of the last block that follow those of the returned list. They contain no pseudo-header fields, and
   * mostly there are none. If a peer repeats a block in which only one field varies (such as grpc-timeout), only that
   * field is decoded.
   */
  extra: readonly string[] = NO_FIELDS;
  private readonly table = new DynamicTable(INITIAL_TABLE_BYTES);
  private readonly cursor = new Cursor();
  private cache: BlockCache | null = null;
  /** The largest list that is kept, in bytes. A larger one is decoded only to update the table. */
  maxListBytes: number;
  /** The largest table that the peer may use, in bytes: our SETTINGS_HEADER_TABLE_SIZE. */
  private tableLimit = INITIAL_TABLE_BYTES;
  /** Whether the next block must begin with a size update, because our limit is now below the table's size (§4.2). */
  private updateDue = false;
  private extraBytes = 0;

  constructor(maxListBytes: number) {
    this.maxListBytes = maxListBytes;
  }

  /**
   * Sets SETTINGS_HEADER_TABLE_SIZE as the peer must obey it: at once if raised, from the acknowledgement if lowered.
   */
  setTableLimit(bytes: number): void {
    this.tableLimit = bytes;
    this.updateDue = this.table.maxSize > bytes;
  }

  /** Decodes the whole block `[start, end)`. Its fields are those of the returned list, followed by `extra`. */
  decode(buffer: Uint8Array, start: number, end: number): HeaderList {
    this.extra = NO_FIELDS;
    if (this.updateDue) return this.decodeAll(buffer, start, end);

    // Indexed fields of one byte each. A block that has been sent before consists of these, or almost.
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

    // A known run of indexed fields, followed by literals, is the block of a peer that varies a field.
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
   * Returns the memory that the last list and `extra` occupy, in bytes, if their block had `blockBytes` bytes. It is at
   * most the list's size, and at most two references per byte, since indexed fields share the strings of the table.
   */
  costOf(list: HeaderList, blockBytes: number): number {
    const size = this.extra === NO_FIELDS ? list.size : list.size + this.extraBytes;
    return Math.min(size, blockBytes * BYTES_PER_INDEX);
  }

  private findOrDecode(hash: number, buffer: Uint8Array, start: number, end: number): HeaderList {
    const known = this.cache?.find(hash, this.table.generation, buffer, start, end);
    return known ?? this.decodeAndKeep(hash, buffer, start, end);
  }

  /**
   * Decodes a block and caches it, unless it changes the table (it then has another meaning next time) or has secrets.
   */
  private decodeAndKeep(hash: number, buffer: Uint8Array, start: number, end: number): HeaderList {
    const { generation } = this.table;
    const list = this.decodeAll(buffer, start, end);
    const unchanged = this.table.generation === generation;
    if (unchanged && end - start <= MAX_CACHED_BLOCK_BYTES && !list.oversized && list.neverIndexed.length === 0) {
      this.cache ??= new BlockCache();
      const bytes = new Uint8Array(buffer.subarray(start, end)); // a copy, because the read buffer is reused
      this.cache.keep({ hash, bytes, generation, list });
    }
    return list;
  }

  /**
   * Decodes literals without indexing up to the end of the block. It returns false, without any effect, if there is
   * another representation or the list would be too large.
   */
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

  /** Decodes a block with all representations of RFC 7541 §6. */
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

  /** Reads the size updates at the beginning of a block; one is required if our limit was lowered (RFC 7541 §4.2). */
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

/** The buffer into which Huffman strings of all connections are decoded. Nothing stays in it beyond one string. */
let scratch = Buffer.allocUnsafe(0);

function scratchOf(bytes: number): Uint8Array {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafe(Math.max(bytes, 1024));
  return scratch;
}
