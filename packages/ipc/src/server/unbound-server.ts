import { setMaxListeners } from "node:events";
import type { Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { createServices, type Health } from "../services/index.js";
import { CallCounter, type ServerStats } from "../stats/index.js";
import { clearTimeout, performance, setTimeout } from "../time/real-timers.js";
import { createAuthorization, isFromOwnUser } from "./caller.js";
import { type Connections, createConnections } from "./engines/connections.js";
import { createDirectEngine } from "./engines/direct/index.js";
import { recordRoutes } from "./engines/routes.js";
import type { ResolvedServeOptions } from "./resolve-options.js";

/** A server without an address, which answers the calls on connections that are accepted elsewhere. */
export interface UnboundServer extends Pick<Connections, "accept" | "takeUnread" | "forget"> {
  readonly health: Health;
  stats(): ServerStats;
  /** Tells those who watch its health that it ends, which must come first. */
  quiesce(): void;
  /** Accepts no new calls, waits up to `graceMs` for those in flight, then ends them with Unavailable. */
  drain(): Promise<void>;
}

export interface UnboundServerEvents {
  /**
   * Called with a connection that does not speak HTTP/2. Returns whether the connection was taken over; otherwise it is
   * served as HTTP/1.1.
   */
  onOther(socket: Socket, head: Buffer): boolean;
  /** Called when a connection has ended. */
  onEnd?(): void;
}

/** Creates the server that these options describe. */
export async function createUnboundServer(
  options: ResolvedServeOptions,
  { onOther, onEnd = () => {} }: UnboundServerEvents,
): Promise<UnboundServer> {
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal); // one listener for each call in flight
  const { onError, connectionLimits } = options;
  const router = { ...options.router, shutdownSignal: shutdown.signal };
  const counter = new CallCounter();
  const startedAt = performance.now();
  const stats = (): ServerStats => ({
    uptimeMs: performance.now() - startedAt,
    connections: connections.open,
    acceptedConnections: connections.accepted,
    memory: engine.memory,
    ...counter.snapshot(),
  });
  const services = await createServices(options.services, stats, isFromOwnUser);
  const routes = recordRoutes((recorder) => {
    services.register(recorder);
    options.routes(recorder);
  });
  services.announce(routes.services);
  const createEngine =
    options.engine === "node" ? (await import("./engines/node/engine.js")).createNodeEngine : createDirectEngine;
  const { handshakeTimeoutMs } = connectionLimits;
  const { memoryLimits: memory, busyPollMaxUs } = options;
  const engine = createEngine({ routes, router, onError, handshakeTimeoutMs, memory, busyPollMaxUs, counter });
  const connections = createConnections(
    engine,
    connectionLimits,
    createAuthorization(options.authorize, onError),
    onOther,
    onEnd,
  );
  return {
    accept: connections.accept,
    takeUnread: connections.takeUnread,
    forget: connections.forget,
    health: services.health,
    stats,
    quiesce: services.drain,
    async drain() {
      engine.drain();
      const drained = connections.drained();
      if (!(await within(options.graceMs, drained))) {
        shutdown.abort(new ConnectError("the server is shutting down", Code.Unavailable));
        await within(flushTimeoutMs, drained);
      }
      connections.destroy();
      await drained;
    },
  };
}

/**
 * How long the errors of ended calls may take to be sent, in milliseconds. Peers that read receive them long before.
 */
export const flushTimeoutMs = 500;

/** Tells whether the promise resolves within this time. */
function within(ms: number, promise: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
