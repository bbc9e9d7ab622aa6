/**
 * What every engine of the server shares: the interface below, the user's routes, connections before and after they
 * have begun, and the guard around all interceptors. An engine has a folder of its own, `direct` or `node`; `connect`
 * is what both use of Connect.
 */

import type { Socket } from "node:net";
import type { ConnectRouterOptions, Interceptor } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import type { CallCounter, MemoryStats } from "../../stats/index.js";
import type { Caller } from "../caller.js";
import type { OnError } from "../on-error.js";
import type { Routes } from "./routes.js";

/** What an engine needs: the routes, their options, limits, and where to report errors. */
export interface EngineOptions {
  readonly routes: Routes;
  /** The router options with all defaults; `shutdownSignal` ends the calls that outlast the grace period. */
  readonly router: RouterOptions;
  readonly onError: OnError;
  readonly memory: MemoryLimits;
  /** How long the event loop may turn for an arrival, in microseconds; 0 if it does not busy-poll. */
  readonly busyPollMaxUs: number;
  /**
   * How long a peer may take to begin a connection, and later to complete the headers that precede a message, in
   * milliseconds.
   */
  readonly handshakeTimeoutMs: number;
  /** Counts each call. */
  readonly counter: CallCounter;
}

/** Connect's options of a router, with the defaults of this package. */
export interface RouterOptions extends ConnectRouterOptions {
  readonly readMaxBytes: number;
  readonly writeMaxBytes: number;
  readonly compressMinBytes: number;
  readonly acceptCompression: Compression[];
  readonly interceptors: Interceptor[];
  /** Aborted when calls have outlasted the grace period. */
  readonly shutdownSignal: AbortSignal;
}

/**
 * The limits of the memory in which data wait, in bytes, and of the time for which a request may be incomplete, in
 * milliseconds.
 */
export interface MemoryLimits {
  readonly maxHeldBytes: number;
  readonly maxUnreadBytes: number;
  readonly maxWaitingBytes: number;
  readonly requestTimeoutMs: number;
}

/** Speaks HTTP on accepted connections and runs the calls on them. */
export interface ServerEngine {
  /**
   * Takes over a connection that speaks HTTP/2, of which `head` has been read. Calls `onBegun` when the client's
   * preface has arrived, including SETTINGS (RFC 9113 §3.4).
   */
  accept(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  /**
   * Takes over a connection that speaks HTTP/1.1, of which `head` has been read. Calls `onBegun` when the headers of
   * the first request have arrived.
   */
  acceptHttp1(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  /** Tells all peers that no new calls are accepted. Each connection closes when its calls are over. */
  drain(): void;
  /** The memory in which data wait, if it is known. */
  readonly memory?: MemoryStats;
}
