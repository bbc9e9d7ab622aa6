import type { Socket } from "node:net";
import type { ConnectRouterOptions } from "@connectrpc/connect";
import type { CallCounter, MemoryStats } from "../../stats/index.js";
import type { Caller } from "../caller.js";
import type { OnError } from "../on-error.js";
import type { Routes } from "./routes.js";

/** What an engine is made of: the routes, how to treat them, and where to report what goes wrong. */
export interface EngineOptions {
  readonly routes: Routes;
  /** Router options with all defaults in place; its `shutdownSignal` ends calls that outlast the grace period. */
  readonly router: ConnectRouterOptions & { readonly shutdownSignal: AbortSignal };
  readonly onError: OnError;
  readonly memory: MemoryLimits;
  /** How long a peer may take to begin, and to end what it has begun to say before its message, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Is told of each call. */
  readonly counter: CallCounter;
}

/** How much of what waits is held, in bytes, and for how long a request may be unfinished. */
export interface MemoryLimits {
  readonly maxHeldBytes: number;
  readonly maxUnreadBytes: number;
  readonly maxWaitingBytes: number;
  readonly requestTimeoutMs: number;
}

/** Speaks HTTP on accepted connections and runs the calls that come in. */
export interface ServerEngine {
  /**
   * Takes over a connection that speaks HTTP/2, of which `head` has been read. Calls `onBegun` when the client's preface is whole,
   * SETTINGS included (RFC 9113 §3.4).
   */
  accept(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  /** Likewise for HTTP/1.1, which begins with the first request's headers. */
  acceptHttp1(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  /**
   * Tells all peers that no new calls are taken. Each connection closes when its calls are over, at once if it has none.
   */
  drain(): void;
  /** What is held of what waits, where it is known. */
  readonly memory?: MemoryStats;
}
