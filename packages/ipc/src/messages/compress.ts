import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { memoryOverhead } from "./unfinished-message.js";

/**
 * The maximum number of messages that are compressed at once: the default size of the thread pool of Node.js. Each of
 * them takes a quarter of a MiB in addition to its bytes.
 */
export const maxCompressing = 4;

/**
 * The maximum size of the messages of this process that wait to be compressed, in bytes. No flow control limits them,
 * since they are sent by this process.
 */
export const maxWaitingBytes = 128 * 2 ** 20;

let running = 0;
let waitingBytes = 0;
/** The functions that start the waiting messages. Those before the index `first` have been called. */
const waiting: (() => void)[] = [];
let first = 0;

/**
 * Compresses a message after those that were given before it.
 *
 * @throws {ConnectError} ResourceExhausted if the waiting messages would exceed {@link maxWaitingBytes}
 */
export async function compressInTurn(compression: Compression, bytes: Uint8Array): ReturnType<Compression["compress"]> {
  if (running < maxCompressing) {
    running++;
  } else {
    await waitForTurn(bytes.length + memoryOverhead);
  }
  try {
    return await compression.compress(bytes as Uint8Array<ArrayBuffer>);
  } finally {
    startNext();
  }
}

async function waitForTurn(cost: number): Promise<void> {
  if (waitingBytes > 0 && waitingBytes + cost > maxWaitingBytes) {
    throw new ConnectError(
      `messages of ${waitingBytes} bytes wait to be compressed, and ${cost} more would exceed ${maxWaitingBytes}`,
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

/** Starts the first waiting message, because another one has been compressed. */
function startNext(): void {
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

/**
 * Returns a compression that compresses with {@link compressInTurn}, for code that compresses messages itself, such as
 * Connect's handlers.
 */
export function compressingInTurn(compression: Compression): Compression {
  return {
    name: compression.name,
    compress: (bytes) => compressInTurn(compression, bytes),
    decompress: (bytes, readMaxBytes) => compression.decompress(bytes, readMaxBytes),
  };
}
