/**
 * The length of the longest text that is read in a loop. Short texts avoid the call into C++ that Buffer's own methods
 * make: the call takes about 70 ns on the machine where it was measured, and a character takes 5 – 6 ns here.
 */
const LONGEST_LOOP = 8;

/** Converts bytes to a string, one character per byte. */
export function readLatin1(buffer: Uint8Array, start: number, end: number): string {
  switch (end - start) {
    case 0:
      return "";
    case 1:
      return String.fromCharCode(buffer[start]!);
    case 2:
      return String.fromCharCode(buffer[start]!, buffer[start + 1]!);
    case 3:
      return String.fromCharCode(buffer[start]!, buffer[start + 1]!, buffer[start + 2]!);
    case 4:
      return String.fromCharCode(buffer[start]!, buffer[start + 1]!, buffer[start + 2]!, buffer[start + 3]!);
    case 5:
      return String.fromCharCode(
        buffer[start]!,
        buffer[start + 1]!,
        buffer[start + 2]!,
        buffer[start + 3]!,
        buffer[start + 4]!,
      );
    case 6:
      return String.fromCharCode(
        buffer[start]!,
        buffer[start + 1]!,
        buffer[start + 2]!,
        buffer[start + 3]!,
        buffer[start + 4]!,
        buffer[start + 5]!,
      );
    default:
      return asBuffer(buffer).latin1Slice(start, end);
  }
}

/**
 * Writes a string, one byte per character, into a buffer with enough room.
 * @returns the position after the last byte
 */
export function writeLatin1(buffer: Uint8Array, at: number, text: string): number {
  if (text.length > 4 * LONGEST_LOOP) return at + asBuffer(buffer).latin1Write(text, at);
  for (let i = 0; i < text.length; i++) buffer[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** The methods of Node's Buffer that its types leave out. They have existed since version 8. */
interface Latin1Buffer extends Uint8Array {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, at: number): number;
}

function asBuffer(buffer: Uint8Array): Latin1Buffer {
  const view = Buffer.isBuffer(buffer) ? buffer : Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return view as unknown as Latin1Buffer;
}
