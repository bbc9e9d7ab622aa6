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
 * The server's end of an HTTP/2 connection with prior knowledge (RFC 9113 §3.3) over an accepted socket, which is the
 * connection's own from now on.
 */
export class ServerConnection {
  private readonly core: Connection;
  private readonly role: ServerRole;
  private readonly preface = new PrefaceReader();
  private head: Uint8Array | null = null;

  /**
   * Nothing of `handler` is called before this returns.
   * @param head what has been read from the socket already, client preface included; see sniffProtocol
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

  /** Whether what onData hands up may be kept after the call: true unless the caller reads the socket, into its own buffer. */
  readonly bodiesMayBeKept: boolean;

  /** The account of what waits here. */
  get account(): Account {
    return this.core.windows.account;
  }

  /** Streams that are open now. */
  get openStreams(): number {
    return this.core.streams.count;
  }

  /** Those, oldest first. */
  streams(): readonly ServerStream[] {
    return this.core.streams.all() as ServerStream[]; // the only ones there are
  }

  /** close() has been called, or the connection is over. */
  get isClosing(): boolean {
    return this.core.phase !== ConnectionPhase.OPEN;
  }

  get isClosed(): boolean {
    return this.core.phase === ConnectionPhase.CLOSED;
  }

  /** What the client has announced so far. */
  get peerSettings(): Settings {
    return this.core.peer;
  }

  /** For a caller that reads the socket itself (`reader: "caller"`): what it has read. It may use the buffer again at once. */
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

  /** @internal */
  receiveHead(): void {
    const { head } = this;
    this.head = null;
    if (head !== null) this.receive(head);
  }

  /** Measures the round trip. The callback is called once, with an error if the connection ends before or has ended. */
  ping(callback: PingCallback): void {
    this.core.pings.send(callback);
  }

  /**
   * Announces other settings from now on; does nothing when the connection has ended.
   * @throws RangeError for a value that RFC 9113 §6.5.2 forbids
   */
  updateSettings(settings: Partial<Settings>): void {
    this.core.announce(settings);
  }

  /**
   * Ends in order (RFC 9113 §6.8): asks the client to open no more streams, takes those already on their way, lets all
   * complete, then closes the socket. onClose(null) says when. How long that may take is the caller's to decide: destroy() ends it.
   */
  close(): void {
    this.role.drain();
  }

  /** Ends everything now: every open stream's onReset is called before this returns, then onClose. */
  destroy(reason = "connection was destroyed"): void {
    this.core.destroy(new ConnectionError(ErrorCode.CANCEL, reason));
  }
}

function receiveHead(connection: ServerConnection): void {
  connection.receiveHead();
}
