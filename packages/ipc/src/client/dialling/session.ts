import type { PeerCredentials, SocketAddress } from "../../address/index.js";

/**
 * The connectivity states of gRPC in lower case
 * (https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md): not connected and not trying,
 * trying, connected, failed at the last attempt, closed for good.
 */
export type ChannelState = "idle" | "connecting" | "ready" | "transient_failure" | "shutdown";

/** How long to wait until a channel is ready. */
export interface ReadyOptions {
  /** The longest time to wait, in milliseconds, 0 or more. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** An HTTP/2 connection, as an engine implements it. */
export interface Session {
  /** Tells whether new calls may be started on it. */
  isOpen(): boolean;
  /** The peer's credentials, if the kernel reports them. */
  readonly peer: PeerCredentials | undefined;
  /** Tells whether the connection and all of its calls have ended. */
  isOver(): boolean;
  /** Ends the connection and its calls. */
  destroy(): void;
}

/** Provides the calls of a channel with sessions, from one connection or several. */
export interface SessionSource<S extends Session> {
  /** The server's address. */
  readonly address: SocketAddress;
  readonly state: ChannelState;
  /** The number of open connections. */
  readonly count: number;
  /** The peer's credentials on the latest connection; undefined before the first. */
  readonly peer: PeerCredentials | undefined;
  /** Returns a session for a call. @throws {ConnectError} if none can be opened, or if the channel is closed. */
  session(): S | Promise<S>;
  ready(options?: ReadyOptions): Promise<void>;
  close(): void;
}
