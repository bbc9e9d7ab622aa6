import type { Socket } from "node:net";

/** What a client sends before anything else (RFC 9113 §3.4). */
export const CLIENT_MAGIC: Uint8Array = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Compares received bytes with the magic, however they are cut. */
export class PrefaceReader {
  private matched = 0;

  get isComplete(): boolean {
    return this.matched === CLIENT_MAGIC.length;
  }

  /** Where in `[start, end)` the magic ended so far, or -1 at the first byte that differs from it. */
  read(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.matched < CLIENT_MAGIC.length) {
      if (buffer[at++] !== CLIENT_MAGIC[this.matched]) return -1;
      this.matched++;
    }
    return at;
  }
}

export interface ProtocolHandlers {
  /** The client speaks HTTP/2: pass both on to `new ServerConnection(socket, handler, options, head)`, before this returns. */
  onHttp2(socket: Socket, head: Buffer): void;
  /**
   * It speaks something else. The socket is paused; `socket.unshift(head)` puts back what has been read, and
   * `httpServer.emit("connection", socket)` followed by `socket.resume()` serves it as HTTP/1.1.
   */
  onOther(socket: Socket, head: Buffer): void;
}

/**
 * Reads no more of a new socket than it takes to tell HTTP/2 from anything else: up to 24 bytes, mostly one chunk. A socket that
 * ends or fails before that reaches neither callback.
 */
export function sniffProtocol(socket: Socket, handlers: ProtocolHandlers): void {
  const preface = new PrefaceReader();
  const chunks: Buffer[] = [];
  const ignore = (): void => {}; // a peer that resets its socket here harms nobody
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    const isOther = preface.read(chunk, 0, chunk.length) < 0;
    if (!isOther && !preface.isComplete) return;
    socket.off("data", onData);
    const head = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    if (isOther) socket.pause();
    if (isOther) handlers.onOther(socket, head);
    else handlers.onHttp2(socket, head);
    socket.off("error", ignore);
  };
  socket.on("error", ignore);
  socket.on("data", onData);
}
