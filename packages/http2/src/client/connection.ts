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
 * The client's end of an HTTP/2 connection with prior knowledge (RFC 9113 §3.3) over a connected or connecting socket, which is
 * the connection's own from now on.
 */
export class ClientConnection {
  private readonly core: Connection;
  private readonly role: ClientRole;

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

  /** Whether what onData hands up may be kept after the call: true unless the caller reads the socket, into its own buffer. */
  readonly bodiesMayBeKept: boolean;

  /** Requests that may be made now. 0 also when the connection is closing or closed. */
  get availableStreams(): number {
    return this.core.phase === ConnectionPhase.OPEN ? this.role.available() : 0;
  }

  /** The account of what waits here. */
  get account(): Account {
    return this.core.windows.account;
  }

  /** Whether a request of so many bytes may leave or wait; see `Stream.hasRoomFor()`. */
  hasRoomFor(bytes: number): boolean {
    return this.core.queueLimit.hasRoomFor(bytes);
  }

  /** Streams that are open now. */
  get openStreams(): number {
    return this.core.streams.count;
  }

  /** No more requests are taken: GOAWAY was received, or close() called, or the connection is over. */
  get isClosing(): boolean {
    return this.core.phase !== ConnectionPhase.OPEN;
  }

  get isClosed(): boolean {
    return this.core.phase === ConnectionPhase.CLOSED;
  }

  /** What the server has announced so far. */
  get peerSettings(): Settings {
    return this.core.peer;
  }

  /**
   * Opens a stream with a request's fields. Nothing of `handler` is called before this returns.
   * @param extra fields of this request only: name, value, name, value …
   * @param endStream there is no body
   * @throws RequestRefusedError, TypeError, HeaderListSizeError; nothing is sent then
   */
  request(block: HeaderBlock, extra: readonly string[], endStream: boolean, handler: ResponseHandler): ClientStream {
    const stream = this.role.open(block, extra, handler);
    this.begin(stream, block, extra, endStream);
    return stream;
  }

  /**
   * A whole request: fields and a body of `prefix` (copied) and `body`, which must not change until it has left (until the
   * response, at the latest). Throws like `request()`.
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

  /** For a caller that reads the socket itself (`reader: "caller"`): what it has read. It may use the buffer again at once. */
  receive(buffer: Uint8Array, start = 0, end: number = buffer.length): void {
    this.core.receive(buffer, start, end);
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

  /** Takes no more requests, lets those there are complete, then closes the socket. onClose(null) says when. */
  close(): void {
    this.role.drain();
  }

  /** Ends everything now: every open stream's onReset is called before this returns, then onClose. */
  destroy(reason = "connection was destroyed"): void {
    this.core.destroy(new ConnectionError(ErrorCode.CANCEL, reason));
  }
}
