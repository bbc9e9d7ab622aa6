import { setMaxListeners } from "node:events";
import type { Server as NetServer, Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { AddressError, notifyManager, type Published } from "../address/index.js";
import { createServices, type Health } from "../services/index.js";
import { createAdmission } from "./caller.js";
import type { ServerEngine } from "./engine.js";
import { createDirectEngine } from "./engines/direct/index.js";
import { createNodeEngine } from "./engines/node.js";
import { createListener, type Listener } from "./listener.js";
import { logError, safely } from "./on-error.js";
import { defaultGraceMs, routerOptions, type ServeOptions } from "./options.js";
import { type Place, placeFor } from "./place.js";
import { recordRoutes } from "./routes.js";
import { closeOnSignal } from "./signals.js";
import { askForTakeover, asksForTakeover, handOver } from "./takeover.js";

/** A server that is being reached. */
export interface Server extends AsyncDisposable {
  /** Where, as a gRPC client dials it: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /** How its services are, for those who ask by `grpc.health.v1`. */
  readonly health: Health;
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
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal); // one for each call in flight
  const onError = safely(options.onError ?? logError);
  const router = routerOptions(options, shutdown.signal);
  const place = placeFor(options);
  const createEngine = options.engine === "node" ? createNodeEngine : createDirectEngine;
  const services = await createServices(options);
  const routes = recordRoutes((router) => {
    services.register(router);
    options.routes(router);
  });
  services.announce(routes.services);
  const engine = createEngine({ routes, router, onError });
  const listener = createListener(engine, createAdmission(options.authorize, onError), onOther);

  let published = await listener.listen((server) => takeOverAndPublish(place, server, options.takeover ?? false));
  let stopWatching = watchName();
  const { promise: closed, resolve: onClosed } = promiseWithResolver();
  let isClosing = false;
  const ignoreSignals = options.signals === false ? () => {} : closeOnSignal(close);
  notifyManager("READY=1");
  return { address: place.address, health: services.health, close, closed, [Symbol.asyncDispose]: close };

  function close(): Promise<void> {
    if (!isClosing) {
      isClosing = true;
      notifyManager("STOPPING=1");
      stopWatching();
      services.drain();
      shutDown(published, listener, engine, shutdown, options.graceMs ?? defaultGraceMs)
        .finally(ignoreSignals)
        .then(onClosed, onClosed);
    }
    return closed;
  }

  /** Somebody who speaks no HTTP/2: the server that is to come after this one, or HTTP/1.1. */
  function onOther(socket: Socket, head: Buffer): boolean {
    if (place.path === undefined || isClosing || !asksForTakeover(head)) {
      return false;
    }
    stopWatching();
    void handOver(socket, published, close).then(() => {
      if (!isClosing) {
        stopWatching = watchName();
      }
    });
    return true;
  }

  function watchName(): () => void {
    return published.watch((what) => {
      if (what === "deleted") {
        published.unpublish();
        listener.listen((server) => place.publish(server)).then(onRepublished, giveUp);
      } else {
        giveUp(
          new AddressError(`another file has taken the place of ${place.path}: this server closes`, place.address),
        );
      }
    });
  }

  function onRepublished(again: Published): void {
    published = again;
    if (isClosing) {
      published.unpublish();
    } else {
      stopWatching = watchName();
    }
  }

  /** Nobody can reach this server any more: it says so, and ends as if it had been told to. */
  function giveUp(error: unknown): void {
    onError(error, { method: "serve" });
    void close();
  }
}

/** Brings the listener to its place; if the server that is there agrees, in its stead. */
async function takeOverAndPublish(place: Place, server: NetServer, takeover: boolean): Promise<Published> {
  const handover = takeover && place.path !== undefined ? await askForTakeover(place.path) : undefined;
  try {
    const published = await place.publish(server, { isTakeover: handover !== undefined });
    await handover?.confirm();
    return published;
  } catch (error) {
    handover?.cancel();
    throw error;
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
