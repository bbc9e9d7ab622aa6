import type { HeaderList } from "./header-list.js";

/**
 * The length of the longest block that is cached, in bytes. Longer blocks are seldom repeated byte for byte, and the
 * limit bounds the memory that a peer can occupy: 64 × 512 bytes.
 */
export const MAX_CACHED_BLOCK_BYTES = 512;

const SETS = 32;
const WAYS = 2;

/** A block and what it decodes to. */
interface CachedBlock {
  readonly hash: number;
  readonly bytes: Uint8Array;
  /** The generation of the dynamic table in which the bytes have this meaning. */
  readonly generation: number;
  readonly list: HeaderList;
}

/** Finds what a repeated block decodes to. The cache is two-way associative: a lookup compares at most two entries. */
export class BlockCache {
  private readonly entries = new Array<CachedBlock | undefined>(SETS * WAYS).fill(undefined);

  find(hash: number, generation: number, buffer: Uint8Array, start: number, end: number): HeaderList | undefined {
    const slot = (hash & (SETS - 1)) * WAYS;
    for (let way = 0; way < WAYS; way++) {
      const entry = this.entries[slot + way];
      if (entry === undefined || entry.hash !== hash || entry.generation !== generation) continue;
      if (equalBytes(entry.bytes, buffer, start, end)) return entry.list;
    }
    return undefined;
  }

  keep(block: CachedBlock): void {
    const slot = (block.hash & (SETS - 1)) * WAYS;
    this.entries[slot + 1] = this.entries[slot];
    this.entries[slot] = block;
  }
}

function equalBytes(bytes: Uint8Array, buffer: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (bytes.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== buffer[start + i]) return false;
  return true;
}
