import { fileError, notifyManager } from "../address/index.js";
import type { Health } from "../services/index.js";
import type { ServerStats } from "../stats/index.js";
import { listenAddressOf } from "./name/listen-address.js";
import { createListener } from "./name/listener.js";
import { type OwnedName, takeName } from "./name/owned-name.js";
import { asksForTakeover } from "./name/takeover.js";
import type { ServeOptions } from "./options.js";
import { resolveServeOptions } from "./resolve-options.js";
import { closeOnSignal } from "./signals.js";
import type { UnboundServerEvents } from "./unbound-server.js";

/** A server that can be reached at its address. */
export interface Server extends AsyncDisposable {
  /** The address in the form of a gRPC target: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /** The health of its services, which it reports by `grpc.health.v1`. */
  readonly health: Health;
  /**
   * Returns the counts so far. Calls are timed only from the first request of statistics on, since timing has a small
   * cost.
   */
  stats(): ServerStats;
  /**
   * Gives up the address at once, accepts no new calls, waits up to `graceMs` for calls in flight, then ends them with
   * Unavailable. Resolves when everything has ended; closing again has no effect.
   */
  close(): Promise<void>;
  /** Resolves when the server has closed, for whatever reason. */
  readonly closed: Promise<void>;
}

/**
 * Serves gRPC on a Unix domain socket. The same socket also answers gRPC-Web, the Connect protocol and HTTP/1.1.
 *
 * Resolves once the socket is published and calls are accepted. If SIGINT or SIGTERM arrives meanwhile, the server is
 * already closing then.
 *
 * @throws {AddressInUseError} if a server already serves at the address.
 * @throws {AddressError} if it is impossible to serve at the address; the message says why, and what to do.
 * @throws {RangeError | TypeError} for invalid options.
 */
export async function serve(given: ServeOptions): Promise<Server> {
  const options = resolveServeOptions(given);
  const { onError } = options;
  const listenAddress = listenAddressOf(options);
  const events: UnboundServerEvents = {
    /**
     * Called when a peer does not speak HTTP/2: it may be the next server, which asks for the address, or speak
     * HTTP/1.1.
     */
    onOther(socket, head) {
      if (listenAddress.path === undefined || isClosing || !asksForTakeover(head)) {
        return false;
      }
      starting.then(
        (held) => held.handOver(socket),
        () => socket.destroy(),
      );
      return true;
    },
  };
  // Most of the server is loaded only here, so that a process that is only a client does not pay for it.
  const server = await import("./unbound-server.js")
    .then(({ createUnboundServer }) => createUnboundServer(options, events))
    .catch((error: NodeJS.ErrnoException) => {
      // Loading needs a descriptor.
      throw error.code === "EMFILE" || error.code === "ENFILE"
        ? fileError("publish", listenAddress.address, error)
        : error;
    });
  const { promise: closed, resolve: onClosed } = promiseWithResolver();
  let isClosing = false;
  // Signals are handled before anything is created that would have to be removed.
  const ignoreSignals = options.signals ? closeOnSignal(close) : () => {};
  let ownedName: OwnedName | undefined;
  const starting = takeName(listenAddress, createListener(server.accept), {
    takeover: options.takeover,
    onHandedOver: close,
    onLost(error) {
      onError(error, { method: "serve" });
      void close();
    },
  });
  try {
    ownedName = await starting;
  } catch (error) {
    ignoreSignals();
    throw error;
  }
  if (!isClosing) {
    notifyManager("READY=1");
  }
  return {
    address: listenAddress.address,
    health: server.health,
    stats: server.stats,
    close,
    closed,
    [Symbol.asyncDispose]: close,
  };

  function close(): Promise<void> {
    if (!isClosing) {
      isClosing = true;
      server.quiesce();
      notifyManager("STOPPING=1");
      // The address is given up first, then the queue of the listener is emptied and the listener closed, then the
      // calls end, and at last the connections.
      (ownedName?.end() ?? starting.then((held) => held.end()))
        .then(server.drain)
        .finally(ignoreSignals)
        .then(onClosed, onClosed);
    }
    return closed;
  }
}

function promiseWithResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}
