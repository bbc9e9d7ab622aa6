import { createHash } from "node:crypto";

/** The size of a body that fills every window on its way many times over. */
export const largeBytes = 64 * 2 ** 20;
export const pieceBytes = 64 * 2 ** 10;

/** Returns the n-th piece of the large body. All pieces differ, so a lost, repeated or misplaced one is noticed. */
export function piece(n: number): Buffer {
  const bytes = Buffer.alloc(pieceBytes, (n % 251) + 1);
  bytes.writeUInt32BE(n);
  return bytes;
}

export function* pieces(): Iterable<Buffer> {
  for (let n = 0; n * pieceBytes < largeBytes; n++) yield piece(n);
}

/** The response of a server that counts the large body: its length and its SHA-256. */
export const largeSummary = summaryOf(pieces());

export function summaryOf(chunks: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return `${bytes} ${hash.digest("hex")}`;
}
