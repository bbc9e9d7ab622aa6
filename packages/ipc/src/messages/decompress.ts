import type { Compression } from "@connectrpc/connect/protocol";
import { maxDecompressedBytes } from "./gzip.js";
import { type MemoryAccount, memoryOverhead } from "./unfinished-message.js";

/** The queue in which the messages of one connection wait to be decompressed. */
class DecompressionQueue {
  /** The size that the messages being decompressed may reach together. */
  #bytes = 0;
  readonly #waiting: QueuedMessage[] = [];

  constructor(private readonly limitBytes: number) {}

  enter(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#mayGo(bytes)) {
      this.#bytes += bytes;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
    for (let next = this.#waiting[0]; next !== undefined && this.#mayGo(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#bytes += next.bytes;
      next.resolve();
    }
  }

  /** Tells whether a message may be decompressed now. One at a time is always allowed, however large it is. */
  #mayGo(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.limitBytes;
  }
}

interface QueuedMessage {
  readonly bytes: number;
  readonly resolve: () => void;
}

const queues = new WeakMap<MemoryAccount, DecompressionQueue>();

/**
 * Decompresses a message once the sizes that it and its predecessors on the connection may reach are at most a quarter
 * of what the connection may hold. A few bytes may expand to `readMaxBytes`, and a peer may send thousands of such
 * messages. Waiting messages are charged to the connection's account.
 */
export async function decompressInTurn<T>(
  compression: Compression,
  bytes: Uint8Array,
  readMaxBytes: number,
  account: MemoryAccount,
  then: (whole: Uint8Array) => T,
): Promise<T> {
  let queue = queues.get(account);
  if (queue === undefined) {
    queue = new DecompressionQueue(account.limitBytes / 4);
    queues.set(account, queue);
  }
  const most = maxDecompressedBytes(compression, bytes.length, readMaxBytes);
  const cost = bytes.length + memoryOverhead;
  account.unfinished(cost);
  try {
    await queue.enter(most);
    try {
      return then(await compression.decompress(bytes, readMaxBytes));
    } finally {
      queue.leave(most);
    }
  } finally {
    account.unfinished(-cost);
  }
}
