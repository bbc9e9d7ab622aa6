import type { Socket } from "node:net";
import type { Account } from "../connection/account.js";
import { Connection } from "../connection/connection.js";
import { type ConnectionOptions, resolveOptions } from "../connection/options.js";
import type { PingCallback } from "../connection/pings.js";
import { ConnectionPhase } from "../connection/role.js";
import type { Settings } from "../connection/settings.js";
import { ConnectionError, ErrorCode } from "../errors.js";
import { nextTick } from "../real-timers.js";
import { PrefaceReader } from "../socket/preface.js";
import type { ServerConnectionHandler } from "./handler.js";
import { ServerRole } from "./role.js";
import type { ServerStream } from "./stream.js";

/**
 * The server's end of an HTTP/2 connection with prior knowledge (RFC 9113 §3.3). It takes over an accepted socket.
 *
 * This folder contains what only a server does: it accepts or refuses streams, sends responses, and shuts down
 * gracefully. What client and server have in common belongs to connection/ and stream/.
 */
export class ServerConnection {
  private readonly core: Connection;
  private readonly role: ServerRole;
  private readonly preface = new PrefaceReader();
  private head: Uint8Array | null = null;

  /**
   * No callback of `handler` is called before the constructor returns.
   * @param head the bytes that have already been read from the socket, including the client's preface; see
   *   `sniffProtocol()`
   * @throws RangeError for an invalid time limit or setting
   */
  constructor(socket: Socket, handler: ServerConnectionHandler, options: ConnectionOptions = {}, head?: Uint8Array) {
    this.role = new ServerRole(handler);
    const resolved = resolveOptions(options);
    this.core = new Connection(socket, this.role, handler, resolved);
    this.role.core = this.core;
    this.core.start(resolved.settings);
    this.bodiesMayBeKept = !resolved.isReadByCaller;
    if (this.bodiesMayBeKept) socket.on("data", (chunk: Buffer) => this.receive(chunk));
    if (head !== undefined) {
      this.head = head;
      nextTick(receiveHead, this);
    }
  }

  /**
   * Whether the buffers passed to `onData` may be kept after the call. It is false if the caller reads the socket,
   * since its buffer is overwritten.
   */
  readonly bodiesMayBeKept: boolean;

  /** The memory that this connection holds. */
  get account(): Account {
    return this.core.windows.account;
  }

  /** The number of open streams. */
  get openStreams(): number {
    return this.core.streams.count;
  }

  /** The open streams, oldest first. */
  streams(): readonly ServerStream[] {
    return this.core.streams.all() as ServerStream[]; // a server has no other kind of stream
  }

  /** Whether `close()` has been called or the connection has ended. */
  get isClosing(): boolean {
    return this.core.phase !== ConnectionPhase.OPEN;
  }

  /** Whether the connection has ended. */
  get isClosed(): boolean {
    return this.core.phase === ConnectionPhase.CLOSED;
  }

  /** The client's settings as announced so far. */
  get peerSettings(): Settings {
    return this.core.peer;
  }

  /** Processes bytes that the caller has read (`reader: "caller"`). The buffer may be reused after the call. */
  receive(buffer: Uint8Array, start = 0, end: number = buffer.length): void {
    if (this.head !== null) this.receiveHead();
    if (this.preface.isComplete) {
      this.core.receive(buffer, start, end);
      return;
    }
    const at = this.preface.read(buffer, start, end);
    if (at < 0) this.core.fail(new ConnectionError(ErrorCode.PROTOCOL_ERROR, "client preface is not that of http/2"));
    else if (at < end) this.core.receive(buffer, at, end);
  }

  /** @internal Processes the bytes that were read before the connection was created. */
  receiveHead(): void {
    const { head } = this;
    this.head = null;
    if (head !== null) this.receive(head);
  }

  /** Measures the round-trip time. The callback is called once, with an error if the connection ends or has ended. */
  ping(callback: PingCallback): void {
    this.core.pings.send(callback);
  }

  /**
   * Announces changed settings. It does nothing if the connection has ended.
   * @throws RangeError for a value that RFC 9113 §6.5.2 forbids
   */
  updateSettings(settings: Partial<Settings>): void {
    this.core.announce(settings);
  }

  /**
   * Shuts down gracefully (RFC 9113 §6.8): it asks the client to open no more streams, accepts those already on their
   * way, waits until all streams have ended, and then closes the socket. There is no time limit; `destroy()` ends the
   * wait. `onClose(null)` is called at the end.
   */
  close(): void {
    this.role.drain();
  }

  /** Ends the connection at once. `onReset` of every open stream and then `onClose` are called before this returns. */
  destroy(reason = "connection was destroyed"): void {
    this.core.destroy(new ConnectionError(ErrorCode.CANCEL, reason));
  }
}

function receiveHead(connection: ServerConnection): void {
  connection.receiveHead();
}
