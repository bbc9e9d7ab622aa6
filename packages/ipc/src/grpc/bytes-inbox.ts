import { stretchOf } from "./envelope.js";
import { Inbox, type InboxSource, nothing } from "./inbox.js";
import { type Inlet, memoryOverhead } from "./unfinished-message.js";

const leastCapacity = 1_024;
const mostCapacity = 16_384;

/** A body that comes in pieces, for a reader who takes bytes: pieces that wait are joined, since each costs as much as a thousand bytes. */
export class BytesInbox implements InboxSource<Uint8Array> {
  readonly bytes: Inbox<Uint8Array> = new Inbox(this);
  #chunks: { readonly memory: Uint8Array; end: number }[] = [];

  constructor(private readonly inlet: Inlet & { resume(): void }) {}

  push(buffer: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && !this.bytes.isEnded; ) {
      const last = this.#chunks.at(-1);
      const room = last === undefined ? 0 : last.memory.length - last.end;
      if (last === undefined || room === 0) {
        this.#extend(end - at);
        continue;
      }
      const taken = Math.min(room, end - at);
      last.memory.set(stretchOf(buffer, at, at + taken), last.end);
      last.end += taken;
      at += taken;
    }
    if (this.#chunks.length > 0) {
      this.bytes.arrived();
    }
  }

  take(): Uint8Array | typeof nothing {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      return nothing;
    }
    this.inlet.account.unread(-costOf(chunk.memory));
    this.inlet.consume(chunk.end);
    return stretchOf(chunk.memory, 0, chunk.end);
  }

  onWait(): void {}

  onEnd(isDropped: boolean): void {
    for (const { memory } of isDropped ? this.#chunks.splice(0) : []) {
      this.inlet.account.unread(-costOf(memory));
    }
  }

  onReturn(): void {
    this.inlet.resume();
  }

  #extend(wanted: number): void {
    const size = Math.max(wanted, Math.min(leastCapacity << this.#chunks.length, mostCapacity / 4));
    const memory = Buffer.allocUnsafeSlow(this.bytes.isAwaited ? wanted : size);
    this.#chunks.push({ memory: stretchOf(memory, 0, memory.length), end: 0 });
    this.inlet.account.unread(costOf(memory));
  }
}

function costOf(memory: Uint8Array): number {
  return memory.length + memoryOverhead;
}
