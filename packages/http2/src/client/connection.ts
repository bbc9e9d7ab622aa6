import type { Socket } from "node:net";
import type { Account } from "../connection/account.js";
import { Connection } from "../connection/connection.js";
import { type ConnectionOptions, resolveOptions } from "../connection/options.js";
import type { PingCallback } from "../connection/pings.js";
import { ConnectionPhase } from "../connection/role.js";
import type { Settings } from "../connection/settings.js";
import { ConnectionError, ErrorCode } from "../errors.js";
import type { HeaderBlock } from "../hpack/header-block.js";
import { writeWholeMessage } from "../send/whole-message.js";
import { CLIENT_MAGIC } from "../socket/preface.js";
import { StreamState } from "../stream/state.js";
import type { ClientConnectionHandler } from "./handler.js";
import { ClientRole } from "./role.js";
import type { ClientStream, ResponseHandler } from "./stream.js";

/**
 * The client's end of an HTTP/2 connection with prior knowledge (RFC 9113 §3.3). It takes over the socket, which may be
 * connected or connecting.
 *
 * This folder contains what only a client does: it opens streams, receives responses, and handles GOAWAY. What client
 * and server have in common belongs to connection/ and stream/.
 */
export class ClientConnection {
  private readonly core: Connection;
  private readonly role: ClientRole;

  /** @throws RangeError for an invalid time limit or setting */
  constructor(socket: Socket, handler: ClientConnectionHandler = {}, options: ConnectionOptions = {}) {
    this.role = new ClientRole(handler);
    const resolved = resolveOptions(options);
    this.core = new Connection(socket, this.role, handler, resolved);
    this.role.core = this.core;
    const { output } = this.core;
    output.reserve(CLIENT_MAGIC.length);
    output.buffer.set(CLIENT_MAGIC, output.at);
    output.at += CLIENT_MAGIC.length;
    this.core.start(resolved.settings);
    this.bodiesMayBeKept = !resolved.isReadByCaller;
    if (this.bodiesMayBeKept) socket.on("data", (chunk: Buffer) => this.core.receive(chunk, 0, chunk.length));
  }

  /**
   * Whether the buffers passed to `onData` may be kept after the call. It is false if the caller reads the socket,
   * since its buffer is overwritten.
   */
  readonly bodiesMayBeKept: boolean;

  /** The number of requests that may be made now. It is 0 if the connection is closing or closed. */
  get availableStreams(): number {
    return this.core.phase === ConnectionPhase.OPEN ? this.role.available() : 0;
  }

  /** The memory that this connection holds. */
  get account(): Account {
    return this.core.windows.account;
  }

  /** Whether a request with a body of this many bytes may be sent or queued; see `Stream.hasRoomFor()`. */
  hasRoomFor(bytes: number): boolean {
    return this.core.queueLimit.hasRoomFor(bytes);
  }

  /** The number of open streams. */
  get openStreams(): number {
    return this.core.streams.count;
  }

  /** Whether no more requests are accepted: GOAWAY was received, `close()` was called, or the connection has ended. */
  get isClosing(): boolean {
    return this.core.phase !== ConnectionPhase.OPEN;
  }

  /** Whether the connection has ended. */
  get isClosed(): boolean {
    return this.core.phase === ConnectionPhase.CLOSED;
  }

  /** The server's settings as announced so far. */
  get peerSettings(): Settings {
    return this.core.peer;
  }

  /**
   * Opens a stream and sends the fields of a request. No callback of `handler` is called before this returns.
   * @param extra the fields of this request only: name, value, name, value …
   * @param endStream whether the request has no body
   * @throws RequestRefusedError if no stream may be opened now, TypeError for invalid fields (RFC 9113 §8.2),
   *   HeaderListSizeError for too many fields; nothing is sent then
   */
  request(block: HeaderBlock, extra: readonly string[], endStream: boolean, handler: ResponseHandler): ClientStream {
    const stream = this.role.open(block, extra, handler);
    this.begin(stream, block, extra, endStream);
    return stream;
  }

  /**
   * Sends a whole request: its fields, and a body that consists of `prefix` and `body`. `prefix` is copied, and so is a
   * `body` of up to 16 KiB; a larger one must not change until `onBodySent` or the response. Throws like `request()`.
   */
  requestMessage(
    block: HeaderBlock,
    extra: readonly string[],
    prefix: Uint8Array | null,
    body: Uint8Array,
    handler: ResponseHandler,
  ): ClientStream {
    const stream = this.role.open(block, extra, handler);
    if (extra.length === 0 && writeWholeMessage(stream, block, prefix, body, null)) {
      stream.endSent();
      return stream;
    }
    this.begin(stream, block, extra, false);
    stream.message(prefix, body, true);
    return stream;
  }

  private begin(stream: ClientStream, block: HeaderBlock, extra: readonly string[], endStream: boolean): void {
    this.core.headers.write(stream.id, block, extra, endStream);
    stream.state |= StreamState.HEADERS_SENT;
    if (endStream) stream.endSent();
  }

  /** Processes bytes that the caller has read (`reader: "caller"`). The buffer may be reused after the call. */
  receive(buffer: Uint8Array, start = 0, end: number = buffer.length): void {
    this.core.receive(buffer, start, end);
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
   * Accepts no more requests, waits until the open streams have ended, and then closes the socket. There is no time
   * limit. `onClose(null)` is called at the end.
   */
  close(): void {
    this.role.drain();
  }

  /** Ends the connection at once. `onReset` of every open stream and then `onClose` are called before this returns. */
  destroy(reason = "connection was destroyed"): void {
    this.core.destroy(new ConnectionError(ErrorCode.CANCEL, reason));
  }
}
