import { fileError, notifyManager } from "../address/index.js";
import type { Health } from "../services/index.js";
import type { ServerStats } from "../stats/index.js";
import { listenAddressOf } from "./name/listen-address.js";
import { createListener } from "./name/listener.js";
import { type OwnedName, takeName } from "./name/owned-name.js";
import { asksForTakeover } from "./name/takeover.js";
import { logError, safely } from "./on-error.js";
import type { ServeOptions } from "./options.js";
import { closeOnSignal } from "./signals.js";
import type { UnboundServerEvents } from "./unbound-server.js";

/** A server that is being reached. */
export interface Server extends AsyncDisposable {
  /** Where, as a gRPC client dials it: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /** How its services are, for those who ask by `grpc.health.v1`. */
  readonly health: Health;
  /** What has been counted until now. To look for the first time has calls timed from then on, which costs each a little. */
  stats(): ServerStats;
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
 * Resolves once the socket is at its name and calls are taken. After a SIGINT or SIGTERM that came meanwhile the server is
 * closing by then.
 *
 * @throws {AddressInUseError} if a server already lives at the address.
 * @throws {AddressError} if the address cannot be served at; the message says why and what to do.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const onError = safely(options.onError ?? logError);
  const listenAddress = listenAddressOf(options);
  const events: UnboundServerEvents = {
    onError,
    /** Somebody who speaks no HTTP/2: the server that is to come after this one, or HTTP/1.1. */
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
  // Most of the server is loaded only now: a process that is a client does not pay for it.
  const server = await import("./unbound-server.js")
    .then(({ createUnboundServer }) => createUnboundServer(options, events))
    .catch((error: NodeJS.ErrnoException) => {
      // To load it needs a descriptor.
      throw error.code === "EMFILE" || error.code === "ENFILE"
        ? fileError("publish", listenAddress.address, error)
        : error;
    });
  const { promise: closed, resolve: onClosed } = promiseWithResolver();
  let isClosing = false;
  // Before there is anything to leave behind.
  const ignoreSignals = options.signals === false ? () => {} : closeOnSignal(close);
  let ownedName: OwnedName | undefined;
  const starting = takeName(listenAddress, createListener(server.accept), {
    takeover: options.takeover ?? false,
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
      // The name first, then the queue and the listener, then the calls, and in the end the connections.
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
