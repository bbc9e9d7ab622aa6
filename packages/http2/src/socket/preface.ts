import type { Socket } from "node:net";

/** The bytes with which a client starts a connection (RFC 9113 §3.4). */
export const CLIENT_MAGIC: Uint8Array = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Compares received bytes with the client's preface, however they are cut. */
export class PrefaceReader {
  private matched = 0;

  get isComplete(): boolean {
    return this.matched === CLIENT_MAGIC.length;
  }

  /** Reads bytes `[start, end)`. @returns the position after those of the preface, or -1 if a byte differs from it */
  read(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.matched < CLIENT_MAGIC.length) {
      if (buffer[at++] !== CLIENT_MAGIC[this.matched]) return -1;
      this.matched++;
    }
    return at;
  }
}

/** The callbacks of {@link sniffProtocol}, of which one is called. */
export interface ProtocolHandlers {
  /** The client speaks HTTP/2: call `new ServerConnection(socket, handler, options, head)` before this returns. */
  onHttp2(socket: Socket, head: Buffer): void;
  /**
   * The client speaks another protocol. The socket is paused. To serve it as HTTP/1.1, put back what has been read with
   * `socket.unshift(head)`, pass the socket to `httpServer.emit("connection", socket)`, and call `socket.resume()`.
   */
  onOther(socket: Socket, head: Buffer): void;
}

/**
 * Reads the first bytes of a new socket to tell HTTP/2 from any other protocol: at most 24 bytes are needed, mostly one
 * chunk. If the socket ends or fails before, no callback is called.
 *
 * This folder contains what concerns a socket before and below a connection: the client's preface, and faster reading.
 */
export function sniffProtocol(socket: Socket, handlers: ProtocolHandlers): void {
  const preface = new PrefaceReader();
  const chunks: Buffer[] = [];
  const ignore = (): void => {}; // a peer that resets its socket at this time does no harm
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
