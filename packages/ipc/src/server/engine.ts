import type { Socket } from "node:net";
import type { ConnectRouterOptions } from "@connectrpc/connect";
import type { CallCounter } from "../stats/index.js";
import type { Caller } from "./caller.js";
import type { OnError } from "./on-error.js";
import type { Routes } from "./routes.js";

/** What an engine is made of: the routes, how to treat them, and where to report what goes wrong. */
export interface EngineOptions {
  readonly routes: Routes;
  /** Router options with all defaults in place; its `shutdownSignal` ends calls that outlast the grace period. */
  readonly router: ConnectRouterOptions & { readonly shutdownSignal: AbortSignal };
  readonly onError: OnError;
  /** Is told of each call. */
  readonly counter: CallCounter;
}

/** Speaks HTTP on accepted connections and runs the calls that come in. */
export interface ServerEngine {
  /** Takes over a connection that speaks HTTP/2, of which `head` has been read. */
  accept(socket: Socket, head: Buffer, caller: Caller): void;
  /** Likewise for HTTP/1.1. */
  acceptHttp1(socket: Socket, head: Buffer, caller: Caller): void;
  /**
   * Tells all peers that no new calls are taken. Each connection closes when its calls are over, at once if it has none.
   */
  drain(): void;
}
