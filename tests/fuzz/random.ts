/** Pseudo-random numbers from a seed: the same seed gives the same numbers. The generator is sfc32. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private count = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 2 ** 32) | 0;
    this.c = 0x9e3779b9 | 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** An integer of 32 bits. */
  next(): number {
    const sum = (this.a + this.b + this.count++) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("there is nothing to pick from");
    return list[this.below(list.length)] as T; // within the list
  }

  /** Returns an integer from 1 up: 1 in half of the cases, 2 in a quarter, and so on. */
  few(): number {
    return 1 + Math.clz32(this.next() | 1);
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = this.next() >>> 24;
    return bytes;
  }
}

/**
 * Returns the seed of each of many cases. It is below 2^48, which a number represents exactly and a person can copy.
 */
export function seedOf(seed: number, ...indices: number[]): number {
  let random = new Random(seed);
  for (const index of indices) random = new Random(random.next() * 2 ** 16 + index);
  return random.next() * 2 ** 16 + (random.next() >>> 16);
}
