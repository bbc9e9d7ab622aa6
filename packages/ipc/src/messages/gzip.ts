import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

/**
 * How many messages are decompressed at the same time. Their output is not yet charged to any account, and Node.js has
 * only four threads for such work.
 */
const maxRunning = 2;

/**
 * How many bytes of compressed messages may wait to be decompressed. Each unary call's window opens as its bytes
 * arrive, so all that a fast sender sends would be held here.
 */
export const maxWaitingBytes = 64 * 1024 * 1024;

/** The largest expansion of a byte by DEFLATE, from zlib's technical notes (https://zlib.net/zlib_tech.html). */
const maxExpansion = 1_032;

/**
 * Returns the largest size that a compressed message can decompress to, in bytes. Of compressions that are not DEFLATE
 * only the limit is known.
 */
export function maxDecompressedBytes({ name }: Compression, bytes: number, readMaxBytes: number): number {
  return name === "gzip" || name === "deflate" ? Math.min(readMaxBytes, bytes * maxExpansion) : readMaxBytes;
}

let running = 0;
let waitingBytes = 0;
const waiting: { readonly bytes: number; readonly start: () => void }[] = [];
let first = 0;

/**
 * The gzip compression that is accepted by default. It runs in Node.js' thread pool, for a few messages at a time, and
 * never produces more than `readMaxBytes`. It is loaded with the first compressed message.
 */
export const gzip: Compression = {
  name: "gzip",
  async compress(bytes) {
    const [zlib, { promisify }] = await Promise.all([import("node:zlib"), import("node:util")]);
    return plain(await promisify(zlib.gzip)(bytes));
  },
  async decompress(bytes, readMaxBytes) {
    if (bytes.length === 0) {
      return bytes as Uint8Array<ArrayBuffer>;
    }
    await turn(bytes.length);
    try {
      return await gunzipped(bytes, readMaxBytes);
    } finally {
      running--;
      next();
    }
  },
};

/** The compressions that servers and clients accept by default. Servers then send their responses uncompressed. */
export const acceptedByDefault: Compression[] = [gzip];

/** Waits for permission to decompress. @throws {ConnectError} ResourceExhausted if too many bytes wait already. */
function turn(bytes: number): Promise<void> | undefined {
  if (running < maxRunning) {
    running++;
    return undefined;
  }
  if (waitingBytes + bytes > maxWaitingBytes) {
    throw new ConnectError(
      `compressed messages of ${waitingBytes} bytes wait to be decompressed: there is no room for ${bytes} more`,
      Code.ResourceExhausted,
    );
  }
  waitingBytes += bytes;
  return new Promise((start) => waiting.push({ bytes, start }));
}

function next(): void {
  const entry = waiting[first];
  if (entry === undefined) {
    return;
  }
  first++;
  if (first === waiting.length || first >= 1_024) {
    waiting.splice(0, first);
    first = 0;
  }
  waitingBytes -= entry.bytes;
  running++;
  entry.start();
}

async function gunzipped(bytes: Uint8Array, readMaxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const { gunzip } = await import("node:zlib");
  // The output has one chunk if its announced length is right; joining several chunks would hold it twice for a moment.
  const chunkSize = Math.max(1_024, Math.min(announcedBytes(bytes), bytes.length * maxExpansion, readMaxBytes) + 64);
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: readMaxBytes, chunkSize }, (error, whole) => {
      if (error === null) {
        resolve(plain(whole));
      } else {
        reject(gunzipError(error, readMaxBytes));
      }
    });
  });
}

/** Returns the length that the sender announces for the message: ISIZE, RFC 1952 §2.3.1. */
function announcedBytes(bytes: Uint8Array): number {
  return bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
}

function plain({ buffer, byteOffset, length }: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}

function gunzipError(error: NodeJS.ErrnoException, readMaxBytes: number): ConnectError {
  return error.code === "ERR_BUFFER_TOO_LARGE"
    ? new ConnectError(
        `message size after decompression is larger than configured readMaxBytes ${readMaxBytes}`,
        Code.ResourceExhausted,
      )
    : new ConnectError("decompression failed", Code.Internal, undefined, undefined, error);
}
