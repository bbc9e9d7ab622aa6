import { setMaxListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Published, publish, resolveSocket } from "../address/index.js";
import type { ServerEngine } from "./engine.js";
import { createDirectEngine } from "./engines/direct/index.js";
import { createNodeEngine } from "./engines/node.js";
import { createListener, type Listener } from "./listener.js";
import { defaultGraceMs, defaultMode, logError, routerOptions, type ServeOptions, safely } from "./options.js";
import { recordRoutes } from "./routes.js";
import { closeOnSignal } from "./signals.js";

/** A server that is being reached. */
export interface Server extends AsyncDisposable {
  /** Where, as a gRPC client dials it: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /**
   * Gives the name up at once, takes no new calls, waits up to `graceMs` for those in flight, then ends them with
   * Unavailable. Resolves when all is over; calling it again changes nothing.
   */
  close(): Promise<void>;
  /** Resolves when the server has closed, for whatever reason. */
  readonly closed: Promise<void>;
}

/**
 * Serves gRPC on a Unix domain socket; gRPC-Web, Connect and HTTP/1.1 are answered there as well.
 *
 * Resolves once the socket is at its name and calls are taken.
 *
 * @throws {AddressInUseError} if a server already lives at the address.
 * @throws {AddressError} if the address cannot be served at; the message says why and what to do.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const { path, address } = resolveSocket(options.socket);
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal); // one for each call in flight
  const createEngine = options.engine === "direct" ? createDirectEngine : createNodeEngine;
  const engine = createEngine({
    routes: recordRoutes(options.routes),
    router: routerOptions(options, shutdown.signal),
    onError: safely(options.onError ?? logError),
  });
  const listener = createListener(engine);
  const published = await publish(listener.server, path, {
    mode: options.mode ?? defaultMode,
    lock: options.lock ?? true,
  });

  const { promise: closed, resolve: onClosed } = promiseWithResolver();
  let isClosing = false;
  const ignoreSignals = options.signals === false ? () => {} : closeOnSignal(close);
  return { address, close, closed, [Symbol.asyncDispose]: close };

  function close(): Promise<void> {
    if (!isClosing) {
      isClosing = true;
      shutDown(published, listener, engine, shutdown, options.graceMs ?? defaultGraceMs)
        .finally(ignoreSignals)
        .then(onClosed, onClosed);
    }
    return closed;
  }
}

/** How long the answers of calls that were ended may take to get out, in milliseconds. Peers that read are done long before. */
const farewellMs = 500;

/** Rule by rule: the name first, then the queue, the listener, the calls, and in the end the connections. */
async function shutDown(
  published: Published,
  listener: Listener,
  engine: ServerEngine,
  shutdown: AbortController,
  graceMs: number,
): Promise<void> {
  published.unpublish();
  await listener.stop();
  engine.drain();
  const drained = listener.drained();
  if (!(await within(graceMs, drained))) {
    shutdown.abort(new ConnectError("the server is shutting down", Code.Unavailable));
    await within(farewellMs, drained);
  }
  listener.destroy();
  await drained;
}

/** Whether the promise resolves within this time. */
function within(ms: number, promise: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function promiseWithResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}
