import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

/** How many messages are decompressed at once: what comes out of them is held by nobody yet, and Node.js has four threads for it. */
const maxRunning = 2;

/**
 * How many bytes of compressed messages may wait for that. Whoever sends more than can be decompressed would have all of it held
 * here: each unary call's window opens as its bytes come.
 */
export const maxWaitingBytes = 64 * 1024 * 1024;

/** DEFLATE makes no more out of a byte (zlib's technical notes: 1,032). */
const maxRatio = 1_032;

let running = 0;
let waitingBytes = 0;
const waiting: { readonly bytes: number; readonly start: () => void }[] = [];
let first = 0;

/**
 * gzip as it is accepted by default: in a thread of Node.js' pool, a few messages at a time, and never more out of one than is
 * allowed. It is loaded when the first compressed message comes.
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

/** What servers and clients accept unless they are told otherwise; servers answer uncompressed then. */
export const acceptedByDefault: Compression[] = [gzip];

/** Waits until it may run. @throws {ConnectError} ResourceExhausted if too much waits already. */
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
  // In one piece if it is as long as it says; were it put together of several, it would be held twice for a moment.
  const chunkSize = Math.max(1_024, Math.min(promisedBytes(bytes), bytes.length * maxRatio, readMaxBytes) + 64);
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

/** ISIZE, RFC 1952 §2.3.1: how long the message is, if the sender is honest. */
function promisedBytes(bytes: Uint8Array): number {
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
