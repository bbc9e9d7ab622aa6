import type { PeerCredentials, SocketAddress } from "../../address/index.js";

/**
 * gRPC's connectivity states (https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md), in lower
 * case: not connected and not trying, trying, connected, failed at the last try, closed for good.
 */
export type ChannelState = "idle" | "connecting" | "ready" | "transient_failure" | "shutdown";

/** How long to wait for a channel to be ready. */
export interface ReadyOptions {
  /** In milliseconds; default: for ever. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One HTTP/2 session as an engine makes it. */
export interface Session {
  /** Whether new calls may go there. */
  isOpen(): boolean;
  /** Who is on the other end, where the kernel tells. */
  readonly peer: PeerCredentials | undefined;
  /** Whether nothing goes on there any more. */
  isOver(): boolean;
  /** Ends it and every call on it. */
  destroy(): void;
}

/** Where a channel's calls get their sessions: one connection, or several. */
export interface SessionSource<S extends Session> {
  /** The server's address. */
  readonly address: SocketAddress;
  readonly state: ChannelState;
  /** How many are open. */
  readonly count: number;
  /** Who is on the other end of the last connection; undefined before the first. */
  readonly peer: PeerCredentials | undefined;
  /** A session for a call. @throws {ConnectError} if there is none to be had, or the channel is closed. */
  session(): S | Promise<S>;
  ready(options?: ReadyOptions): Promise<void>;
  close(): void;
}
