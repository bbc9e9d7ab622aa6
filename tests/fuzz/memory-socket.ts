import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * A socket whose other end is this program. Bytes arrive in exactly the given pieces, so a case is the same each time.
 * It has those parts of a real socket that a connection uses.
 */
export class MemorySocket extends Duplex {
  readonly connecting = false;
  /** Gets what the connection writes. */
  onWritten: (bytes: Buffer) => void = () => {};
  /** Whether the other end does not read. If so, writes are not done until `release()`. */
  isHeld = false;
  private held: (() => void)[] = [];
  private isOver = false;

  constructor() {
    super({ allowHalfOpen: false });
  }

  asSocket(): Socket {
    return this as unknown as Socket;
  }

  deliver(bytes: Buffer): void {
    if (!this.isOver && !this.destroyed) this.push(bytes);
  }

  deliverEnd(): void {
    if (this.isOver || this.destroyed) return;
    this.isOver = true;
    this.push(null);
  }

  deliverReset(): void {
    if (!this.destroyed) this.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  }

  release(): void {
    this.isHeld = false;
    const { held } = this;
    this.held = [];
    for (const done of held) done();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.onWritten(Buffer.from(chunk)); // a copy, because the connection reuses its buffers
    if (this.isHeld) this.held.push(() => done());
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.isHeld) this.held.push(() => done());
    else done();
  }
}

/** Joins two sockets, so that each reads what the other writes. */
export function joined(): readonly [MemorySocket, MemorySocket] {
  const pair = [new MemorySocket(), new MemorySocket()] as const;
  const join = (from: MemorySocket, to: MemorySocket) => {
    from.onWritten = (bytes) => to.deliver(bytes);
    from.once("finish", () => to.deliverEnd());
  };
  join(pair[0], pair[1]);
  join(pair[1], pair[0]);
  return pair;
}

/** Waits for this many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
