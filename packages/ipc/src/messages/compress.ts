import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { memoryOverhead } from "./unfinished-message.js";

/** How many messages are compressed at once: as many as Node.js has threads for it. Each takes a quarter of a MiB besides. */
export const maxCompressing = 4;

/** How many bytes of messages may wait for that in a process. Nobody's window stops those: they are answers and requests of our own. */
export const maxWaitingBytes = 128 * 2 ** 20;

let running = 0;
let waitingBytes = 0;
const waiting: (() => void)[] = [];
let first = 0;

/**
 * Compresses a message when those before it have been.
 *
 * @throws {ConnectError} ResourceExhausted if too much waits already
 */
export async function compressInTurn(compression: Compression, bytes: Uint8Array): ReturnType<Compression["compress"]> {
  if (running < maxCompressing) {
    running++;
  } else {
    await turn(bytes.length + memoryOverhead);
  }
  try {
    return await compression.compress(bytes as Uint8Array<ArrayBuffer>);
  } finally {
    next();
  }
}

async function turn(cost: number): Promise<void> {
  if (waitingBytes > 0 && waitingBytes + cost > maxWaitingBytes) {
    throw new ConnectError(
      `messages of ${waitingBytes} bytes wait to be compressed: there is no room for ${cost} more`,
      Code.ResourceExhausted,
    );
  }
  waitingBytes += cost;
  try {
    await new Promise<void>((start) => waiting.push(start));
  } finally {
    waitingBytes -= cost;
  }
}

/** Gives the place that has become free to the first that waits. */
function next(): void {
  const start = waiting[first];
  if (start === undefined) {
    running--;
    return;
  }
  first++;
  if (first === waiting.length || first >= 1_024) {
    waiting.splice(0, first);
    first = 0;
  }
  start();
}

/** Returns the compression for code that compresses by itself, such as Connect's handlers: its messages wait for their turn, too. */
export function compressingInTurn(compression: Compression): Compression {
  return {
    name: compression.name,
    compress: (bytes) => compressInTurn(compression, bytes),
    decompress: (bytes, readMaxBytes) => compression.decompress(bytes, readMaxBytes),
  };
}
