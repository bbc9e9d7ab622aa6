import { ConnectionError, ErrorCode } from "../errors.js";

/**
 * The Huffman code of RFC 7541 Appendix B. The code is canonical: codes of the same length are consecutive, in the
 * order of their symbols. The whole table thus consists of the lengths below, one base-36 digit for each symbol from 0
 * to 255.
 */
const codeLengths = [
  "dnsssssssoussussssssssusssssssss",
  "6aacd68baa8b8666555666666678f6ca",
  "d67777777777777777777777878djde6",
  "f56565666577666567655677777fbeds",
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnno",
  "mlkmmnnlnmmolmnnllmlnmnnkmmmnmmn",
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrr",
  "koklmllnmmppooqnqrqqrrrrrsrrrrrq",
].join("");

const SYMBOLS = 256;
const SHORTEST = 5;
/** The length of the longest code. EOS, the 257th symbol, is the last code of this length, and is forbidden (§5.2). */
const LONGEST = 30;

const lengths = new Uint8Array(SYMBOLS);
const codes = new Uint32Array(SYMBOLS);
for (let symbol = 0; symbol < SYMBOLS; symbol++) lengths[symbol] = Number.parseInt(codeLengths.charAt(symbol), 36);
for (let length = SHORTEST, code = 0; length <= LONGEST; length++, code *= 2) {
  for (let symbol = 0; symbol < SYMBOLS; symbol++) if (lengths[symbol] === length) codes[symbol] = code++;
}

/** Returns the number of bytes that `text` takes when encoded, including padding. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += lengths[text.charCodeAt(i)] ?? 0;
  return (bits + 7) >>> 3;
}

/** Writes `text` (Latin-1) at `at`. @returns the position after it */
export function writeHuffman(buffer: Uint8Array, at: number, text: string): number {
  // Codes have up to 30 bits, and up to 7 bits wait for their byte. Together they may exceed 32 bits, so a long code is
  // written in two parts.
  let pending = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i);
    const code = codes[symbol] ?? 0;
    let left = lengths[symbol] ?? 0;
    while (left > 0) {
      const part = Math.min(left, 16);
      left -= part;
      pending = ((pending << part) | ((code >>> left) & (0xffff >>> (16 - part)))) & 0x7fffff;
      bits += part;
      while (bits >= 8) {
        bits -= 8;
        buffer[at++] = pending >>> bits;
      }
    }
  }
  if (bits > 0) buffer[at++] = (pending << (8 - bits)) | (0xff >>> bits); // padded with the first bits of EOS
  return at;
}

/** Returns the largest number of bytes that `length` encoded bytes may decode to: a symbol has at least 5 bits. */
export function maxDecodedBytes(length: number): number {
  return Math.floor((length * 8) / SHORTEST);
}

/**
 * Decodes `[start, end)` into `into`, which must have room (see `maxDecodedBytes()`). EOS, padding of more than 7 bits,
 * and padding that is not all ones are errors (RFC 7541 §5.2).
 * @returns the number of bytes written
 */
export function readHuffman(buffer: Uint8Array, start: number, end: number, into: Uint8Array): number {
  const machine = decoding ?? buildDecoding();
  const { steps, mayEnd } = machine;
  let node = 0;
  let written = 0;
  for (let at = start; at < end; at++) {
    const byte = buffer[at]!;
    let step = steps[(node << 4) | (byte >>> 4)]!;
    if ((step & EMITS) !== 0) into[written++] = step & 0xff;
    node = (step >>> NODE_SHIFT) & NODE_MASK;
    step = steps[(node << 4) | (byte & 0xf)]!;
    if ((step & (EMITS | FAILS)) !== 0) {
      if ((step & FAILS) !== 0) throw badHuffman();
      into[written++] = step & 0xff;
    }
    node = (step >>> NODE_SHIFT) & NODE_MASK;
  }
  if (mayEnd[node] !== 1) throw badHuffman();
  return written;
}

/**
 * A state machine with one step per half byte. No code is shorter than that, so a step completes at most one symbol.
 * Each step holds this symbol, if any, and the next node of the code tree.
 */
interface Decoding {
  readonly steps: Uint32Array;
  readonly mayEnd: Uint8Array;
}

const EMITS = 1 << 8;
const FAILS = 1 << 9;
const NODE_SHIFT = 10;
const NODE_MASK = 0x1ff;

let decoding: Decoding | null = null;

/** Builds the state machine on first use, so that peers without Huffman strings cost nothing. */
function buildDecoding(): Decoding {
  // The code tree: children[2 * node + bit] is a node, or ~symbol for a leaf. 0 stands for no child, since it is the
  // root.
  const children: number[] = [0, 0];
  const enter = (code: number, length: number, leaf: number): void => {
    let node = 0;
    for (let bit = length - 1; bit >= 0; bit--) {
      const branch = 2 * node + ((code >>> bit) & 1);
      if (bit === 0) children[branch] = leaf;
      else if (children[branch] === 0) {
        node = children.length / 2;
        children[branch] = node;
        children.push(0, 0);
      } else node = children[branch] ?? 0;
    }
  };
  for (let symbol = 0; symbol < SYMBOLS; symbol++) enter(codes[symbol] ?? 0, lengths[symbol] ?? 0, ~symbol);
  enter(2 ** LONGEST - 1, LONGEST, ~SYMBOLS);

  const nodes = children.length / 2;
  const steps = new Uint32Array((nodes + 1) * 16);
  const dead = nodes; // the node that EOS leads to, at which every step fails
  for (let node = 0; node < nodes; node++) {
    for (let nibble = 0; nibble < 16; nibble++) steps[node * 16 + nibble] = step(children, node, nibble, dead);
  }
  steps.fill(FAILS | (dead << NODE_SHIFT), dead * 16);
  const mayEnd = new Uint8Array(nodes + 1);
  for (let ones = 0, node = 0; ones <= 7; ones++, node = children[2 * node + 1] ?? 0) mayEnd[node] = 1;
  decoding = { steps, mayEnd };
  return decoding;
}

function step(children: readonly number[], from: number, nibble: number, dead: number): number {
  let node = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[2 * node + ((nibble >>> bit) & 1)] ?? 0;
    if (next >= 0) node = next;
    else if (~next === SYMBOLS) return FAILS | (dead << NODE_SHIFT);
    else {
      emitted = EMITS | ~next;
      node = 0;
    }
  }
  return emitted | (node << NODE_SHIFT);
}

function badHuffman(): ConnectionError {
  return new ConnectionError(
    ErrorCode.COMPRESSION_ERROR,
    "invalid huffman string in a field block: EOS or wrong padding",
  );
}
