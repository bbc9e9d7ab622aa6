import { DynamicTable, INITIAL_TABLE_BYTES } from "./dynamic-table.js";
import { ExtraNames } from "./extra-names.js";
import { FieldIndex } from "./field-index.js";
import type { Encoding, HeaderBlock } from "./header-block.js";
import { huffmanBytes, writeHuffman } from "./huffman.js";
import { Indexing } from "./indexing.js";
import { MAX_INTEGER_BYTES, writeInteger } from "./integer.js";
import { writeLatin1 } from "./latin1.js";

/**
 * The number of blocks whose encoding is remembered. A caller that creates a new block for every message does not
 * benefit from it anyway.
 */
const MAX_REMEMBERED_BLOCKS = 512;

/**
 * The number of table sizes that may be sent as literals for want of room in the table before it is emptied and filled
 * anew.
 */
const REFILL_FACTOR = 16;

/** The first bytes of the representations of RFC 7541 §6, whose other bits hold an index. */
const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED = 0x10;
const WITHOUT_INDEXING = 0x00;

/** The options for compressing outgoing fields. */
export interface EncoderOptions {
  /** The part of the peer's dynamic table that is used at most, in bytes. Default: 16,384. */
  readonly maxTableBytes?: number;
  /** Whether strings are Huffman-coded if that makes them shorter: it costs time at both ends. Default: false. */
  readonly huffman?: boolean;
}

/**
 * Encodes the field blocks of one connection in the order in which they are sent.
 *
 * Entries are added to the table while there is room, and are never evicted one by one: that would change the positions
 * of all others and invalidate the remembered bytes of each block over and over. If the table no longer suits what is
 * sent, it is emptied as a whole.
 */
export class Encoder {
  /** Whether the next block must begin with a size update (RFC 7541 §4.2); see `writeSizeUpdates()`. */
  updateDue = false;
  private readonly table = new DynamicTable(INITIAL_TABLE_BYTES);
  private readonly index = new FieldIndex(this.table);
  private readonly extraNames = new ExtraNames();
  /** The encodings of blocks that are valid for the current table. */
  private readonly remembered = new Map<HeaderBlock, Encoding>();
  private readonly maxTableBytes: number;
  private readonly huffman: boolean;
  /** The smallest table size since the last block, in bytes. */
  private smallestUpdate = INITIAL_TABLE_BYTES;
  /** The number of bytes sent as literals for want of room, since the table was last filled. */
  private missed = 0;
  /** The part of these bytes that belongs to the block being encoded. */
  private encodingMissed = 0;
  /** Whether the table must be emptied before the next block. */
  private refillDue = false;

  constructor(options: EncoderOptions = {}) {
    this.maxTableBytes = options.maxTableBytes ?? 16_384;
    this.huffman = options.huffman ?? false;
  }

  /** Sets the peer's SETTINGS_HEADER_TABLE_SIZE, in bytes. */
  setPeerTableSize(bytes: number): void {
    const size = Math.min(bytes, this.maxTableBytes);
    if (size === this.table.maxSize) return;
    this.resizeTable(size);
  }

  /** Returns what `encode()` would return if that takes no work and no size update is due; otherwise null. */
  known(block: HeaderBlock): Uint8Array | null {
    const known = this.recall(block);
    return known !== null && known.missed === 0 && !this.updateDue ? known.bytes : null;
  }

  /**
   * Returns the bytes of a block. They are valid until the next call of any method. A size update must precede them.
   */
  encode(block: HeaderBlock): Uint8Array {
    const known = this.recall(block);
    if (known === null) return this.encodeAnew(block);
    if (known.missed !== 0) this.countMissed(known.missed);
    return known.bytes;
  }

  /** Returns the remembered encoding of a block if it still has the same meaning, or null. */
  private recall(block: HeaderBlock): Encoding | null {
    let known = block.lastEncoding;
    if (known === null || known.encoder !== this) known = block.lastEncoding = this.remembered.get(block) ?? null;
    return known !== null && known.generation === this.table.generation ? known : null;
  }

  /** Checks fields for `writeExtra()`. @throws TypeError for invalid fields */
  checkExtra(fields: readonly string[]): void {
    this.extraNames.check(fields);
  }

  /** Returns the largest number of bytes that `writeExtra()` may write. No string gets longer. */
  maxExtraBytes(fields: readonly string[]): number {
    let bytes = 0;
    for (let i = 0; i < fields.length; i++) bytes += fields[i]!.length + 2 * MAX_INTEGER_BYTES;
    return bytes;
  }

  /**
   * Writes fields that vary from block to block, mostly as literals. A name is entered into the table, together with
   * its first value, when it is first seen, so that later only values are written out.
   */
  writeExtra(buffer: Uint8Array, at: number, fields: readonly string[]): number {
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]!;
      const value = fields[i + 1]!;
      const known = this.extraNames.get(name);
      if (known.isSecret) at = this.writeNeverIndexed(buffer, at, name, value);
      else if (known.staticIndex !== 0) at = this.writeWithStaticName(buffer, at, known.staticIndex, name, value);
      else at = this.writeWithDynamicName(buffer, at, name, value);
    }
    return at;
  }

  /** The number of bytes that two size updates may take. */
  static readonly SIZE_UPDATE_BYTES = 2 * MAX_INTEGER_BYTES;

  /**
   * Writes the smallest table size since the last block, if it is below the current one, and the current one (§4.2).
   */
  writeSizeUpdates(buffer: Uint8Array, at: number): number {
    const size = this.table.maxSize;
    if (this.refillDue) {
      this.refillDue = false;
      this.resizeTable(0);
      this.resizeTable(size);
    }
    if (this.smallestUpdate < size) at = writeInteger(buffer, at, SIZE_UPDATE, 0x1f, this.smallestUpdate);
    this.updateDue = false;
    this.smallestUpdate = size;
    return writeInteger(buffer, at, SIZE_UPDATE, 0x1f, size);
  }

  private encodeAnew(block: HeaderBlock): Uint8Array {
    const { fields, indexing } = block;
    const { generation } = this.table;
    const buffer = new Uint8Array(this.maxExtraBytes(fields));
    let at = 0;
    this.encodingMissed = 0;
    for (let i = 0; i < fields.length; i += 2) {
      at = this.writePrepared(buffer, at, fields[i] ?? "", fields[i + 1] ?? "", indexing[i / 2] ?? Indexing.YES);
    }
    const bytes = buffer.slice(0, at);
    const missed = this.encodingMissed;
    if (missed !== 0) this.countMissed(missed);
    // A block that has just added to the table will be shorter next time: that form is remembered, not this one.
    if (this.table.generation === generation) {
      if (this.remembered.size >= MAX_REMEMBERED_BLOCKS) this.remembered.clear();
      this.remembered.set(block, { encoder: this, bytes, generation, missed });
    }
    return bytes;
  }

  private writeWithStaticName(buffer: Uint8Array, at: number, index: number, name: string, value: string): number {
    const field = this.index.field(name, value);
    if (field !== 0) return writeInteger(buffer, at, INDEXED, 0x7f, field);
    return this.writeWithoutIndexing(buffer, at, index, name, value);
  }

  private writeWithDynamicName(buffer: Uint8Array, at: number, name: string, value: string): number {
    const places = this.index.places(name);
    if (places === undefined) {
      if (this.table.fits(name, value)) return this.writeAndInsert(buffer, at, name, value);
      return this.writeWithoutIndexing(buffer, at, 0, name, value);
    }
    const place = places.of(value);
    if (place !== undefined) return writeInteger(buffer, at, INDEXED, 0x7f, this.index.indexOf(place));
    return this.writeWithoutIndexing(buffer, at, this.index.indexOf(places.newest), name, value);
  }

  private writePrepared(buffer: Uint8Array, at: number, name: string, value: string, indexing: Indexing): number {
    if (indexing === Indexing.NEVER) return this.writeNeverIndexed(buffer, at, name, value);
    const known = this.index.field(name, value);
    if (known !== 0) return writeInteger(buffer, at, INDEXED, 0x7f, known);
    if (indexing === Indexing.YES) {
      if (this.table.fits(name, value)) return this.writeAndInsert(buffer, at, name, value);
      this.encodingMissed += name.length + value.length;
    }
    return this.writeWithoutIndexing(buffer, at, this.index.name(name), name, value);
  }

  private writeAndInsert(buffer: Uint8Array, at: number, name: string, value: string): number {
    const index = this.index.name(name);
    at = this.writeLiteral(buffer, writeInteger(buffer, at, INCREMENTAL, 0x3f, index), index, name, value);
    this.index.insert(name, value);
    return at;
  }

  private writeNeverIndexed(buffer: Uint8Array, at: number, name: string, value: string): number {
    const index = this.index.name(name);
    return this.writeLiteral(buffer, writeInteger(buffer, at, NEVER_INDEXED, 0x0f, index), index, name, value);
  }

  private writeWithoutIndexing(buffer: Uint8Array, at: number, index: number, name: string, value: string): number {
    return this.writeLiteral(buffer, writeInteger(buffer, at, WITHOUT_INDEXING, 0x0f, index), index, name, value);
  }

  /** Writes a literal after the index of its name (RFC 7541 §6.2): the name itself if the index is 0, and the value. */
  private writeLiteral(buffer: Uint8Array, at: number, index: number, name: string, value: string): number {
    if (index === 0) at = this.writeString(buffer, at, name);
    return this.writeString(buffer, at, value);
  }

  private writeString(buffer: Uint8Array, at: number, text: string): number {
    if (this.huffman) {
      const bytes = huffmanBytes(text);
      if (bytes < text.length) return writeHuffman(buffer, writeInteger(buffer, at, 0x80, 0x7f, bytes), text);
    }
    return writeLatin1(buffer, writeInteger(buffer, at, 0, 0x7f, text.length), text);
  }

  /** Counts literals sent for want of room, and decides whether the table must be filled anew. */
  private countMissed(bytes: number): void {
    this.missed += bytes;
    const size = this.table.maxSize;
    if (size === 0 || this.missed < size * REFILL_FACTOR) return;
    this.missed = 0;
    this.refillDue = true; // only after the current block, which still refers to the old entries
    this.updateDue = true;
  }

  private resizeTable(size: number): void {
    const { count } = this.table;
    this.table.resize(size);
    // A peer may change the size thousands of times in one frame: the index is rebuilt only if an entry was evicted.
    if (this.table.count !== count) this.index.rebuild();
    this.remembered.clear();
    this.smallestUpdate = this.updateDue ? Math.min(this.smallestUpdate, size) : size;
    this.updateDue = true;
  }
}
