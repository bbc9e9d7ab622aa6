import { DynamicTable, INITIAL_TABLE_BYTES } from "./dynamic-table.js";
import { ExtraNames } from "./extra-names.js";
import { FieldIndex } from "./field-index.js";
import type { Encoding, HeaderBlock } from "./header-block.js";
import { huffmanBytes, writeHuffman } from "./huffman.js";
import { Indexing } from "./indexing.js";
import { MAX_INTEGER_BYTES, writeInteger } from "./integer.js";
import { writeLatin1 } from "./latin1.js";

/** Prepared blocks whose encoding is remembered. A caller that makes a new block for every message gains nothing anyway. */
const MAX_REMEMBERED_BLOCKS = 512;

/** A table too small for what is sent is emptied and filled anew after this many times its size went out as literals. */
const REFILL_FACTOR = 16;

/** First bytes of the representations of RFC 7541 §6, and the bits left for their index. */
const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED = 0x10;
const WITHOUT_INDEXING = 0x00;

export interface EncoderOptions {
  /** At most this much of the peer's table is used. Default 16,384 bytes. */
  readonly maxTableBytes?: number;
  /** Huffman-encode strings that get shorter by it: fewer bytes, more time at both ends. Default false. */
  readonly huffman?: boolean;
}

/**
 * Encodes the field blocks of one connection, in the order sent.
 *
 * Entries are added while there is room and never evicted one by one: that would move all others and make the bytes remembered
 * for each prepared block stale over and over. A table that no longer suits what is sent is emptied as a whole instead.
 */
export class Encoder {
  /** A size update must go out at the start of the next block (RFC 7541 §4.2): see writeSizeUpdates. */
  updateDue = false;
  private readonly table = new DynamicTable(INITIAL_TABLE_BYTES);
  private readonly index = new FieldIndex(this.table);
  private readonly extraNames = new ExtraNames();
  private readonly remembered = new Map<HeaderBlock, Encoding>();
  private readonly maxTableBytes: number;
  private readonly huffman: boolean;
  private smallestUpdate = INITIAL_TABLE_BYTES;
  private missed = 0;
  private encodingMissed = 0;
  private refillDue = false;

  constructor(options: EncoderOptions = {}) {
    this.maxTableBytes = options.maxTableBytes ?? 16_384;
    this.huffman = options.huffman ?? false;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableSize(bytes: number): void {
    const size = Math.min(bytes, this.maxTableBytes);
    if (size === this.table.maxSize) return;
    this.resizeTable(size);
  }

  /** What `encode` would return, if that takes no work and nothing is due before it; else null. */
  known(block: HeaderBlock): Uint8Array | null {
    const known = this.recall(block);
    return known !== null && known.missed === 0 && !this.updateDue ? known.bytes : null;
  }

  /** The bytes of a prepared block; valid until the next call of any method. Call writeSizeUpdates before it if one is due. */
  encode(block: HeaderBlock): Uint8Array {
    const known = this.recall(block);
    if (known === null) return this.encodeAnew(block);
    if (known.missed !== 0) this.countMissed(known.missed);
    return known.bytes;
  }

  /** What the block was encoded to, if that would still be read as it was meant. */
  private recall(block: HeaderBlock): Encoding | null {
    let known = block.lastEncoding;
    if (known === null || known.encoder !== this) known = block.lastEncoding = this.remembered.get(block) ?? null;
    return known !== null && known.generation === this.table.generation ? known : null;
  }

  /** @throws TypeError for fields that writeExtra must not be given */
  checkExtra(fields: readonly string[]): void {
    this.extraNames.check(fields);
  }

  /** Bytes that `fields` can take at most when written with writeExtra: no string grows. */
  maxExtraBytes(fields: readonly string[]): number {
    let bytes = 0;
    for (let i = 0; i < fields.length; i++) bytes += fields[i]!.length + 2 * MAX_INTEGER_BYTES;
    return bytes;
  }

  /**
   * Writes fields that vary from block to block: literals, but for a name (and its value at that time) entered the first time
   * it is seen, so that later only the value is spelt out.
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

  /** Room for two size updates. */
  static readonly SIZE_UPDATE_BYTES = 2 * MAX_INTEGER_BYTES;

  /** The smallest size since the last block, if it was below today's, and today's (RFC 7541 §4.2). */
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
    // A block that has just filled the table is shorter the next time: remember that form, not this one.
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
    const place = places.byValue.get(value);
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

  /** The rest of a literal behind the index of its name (RFC 7541 §6.2): the name itself if that is 0, and the value. */
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

  private countMissed(bytes: number): void {
    this.missed += bytes;
    const size = this.table.maxSize;
    if (size === 0 || this.missed < size * REFILL_FACTOR) return;
    this.missed = 0;
    this.refillDue = true; // not before the block in hand is complete: it still refers to what is there
    this.updateDue = true;
  }

  private resizeTable(size: number): void {
    const { count } = this.table;
    this.table.resize(size);
    // A peer may change the size thousands of times in one frame: the index is made anew only when an entry has gone.
    if (this.table.count !== count) this.index.rebuild();
    this.remembered.clear();
    this.smallestUpdate = this.updateDue ? Math.min(this.smallestUpdate, size) : size;
    this.updateDue = true;
  }
}
