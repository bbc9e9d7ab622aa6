import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect";
import { acceptedByDefault } from "../grpc/index.js";
import { assertBytes, assertMaxBytes, defaultMaxBytes } from "../max-bytes.js";
import { assertCompressions, assertFunction, assertInterceptors, shown } from "../option-checks.js";
import type { ServicesOptions } from "../services/index.js";
import type { Authorize } from "./caller.js";
import type { DoorLimits } from "./door.js";
import type { MemoryLimits } from "./engine.js";
import type { OnError } from "./on-error.js";

/** What to serve, where, and how. Everything but `socket` and `routes` has a default that is right for most. */
export interface ServeOptions extends Omit<ConnectRouterOptions, "shutdownSignal">, ServicesOptions {
  /**
   * Where to serve: a module's name (`my_module` is `/tmp/my_module_ipc.sock`, or in the folder that `VYRA_IPC_DIR`
   * names), a path (`/run/x.sock`, `./x.sock`) or gRPC's form of one (`unix:/run/x.sock`, `unix-abstract:name`). Or on a
   * socket that whoever started the process listens on already: its descriptor, or its name in LISTEN_FDNAMES (systemd).
   */
  readonly socket: string | { readonly fd: number | string };
  /** The services, registered as on any Connect router: `(router) => router.service(BackendService, backend)`. */
  readonly routes: (router: ConnectRouter) => void;
  /** What speaks HTTP/2: `"direct"`, the default, is our own; `"node"` is connect-node on `node:http2`. */
  readonly engine?: "direct" | "node" | undefined;
  /** The socket file's rights. Default: 0o600, for this user alone. */
  readonly mode?: number | undefined;
  /** The socket file's group, by id or name, for a `mode` such as 0o660. Default: the process' own. */
  readonly group?: number | string | undefined;
  /**
   * Who may call, by the credentials that the kernel vouches for; asked once a connection. Whoever may not gets
   * PermissionDenied. Default: `sameUser()`. Where credentials cannot be read, an `authorize` of yours refuses everybody.
   */
  readonly authorize?: Authorize | undefined;
  /**
   * Whether a server of the same user that has the name is asked to hand it over: it lets go once this one is reachable, and
   * drains. Default: false, such a server makes `serve()` fail.
   */
  readonly takeover?: boolean | undefined;
  /** Whether to hold a lock on the name (`<path>.lock`) while serving. Default: true. */
  readonly lock?: boolean | undefined;
  /** For how long `close()` waits for calls in flight before it ends them with Unavailable, in milliseconds. Default: 5,000. */
  readonly graceMs?: number | undefined;
  /**
   * How long a connection may take to begin, in milliseconds: until its peer has said what it speaks (HTTP/2's preface and SETTINGS, or
   * the headers of a request in HTTP/1.1) and `authorize` has answered. Then it is closed, and so is a connection whose peer may not
   * call. The headers of later requests may take up to twice as long. Default: 10,000; `Infinity` is no limit.
   */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * How many connections of one user (by the credentials that the kernel vouches for; of all, where there are none) may be open that
   * have not begun. The next is closed at once. Default: 4,096, as many as the kernel lets wait to be accepted.
   */
  readonly maxPendingConnections?: number | undefined;
  /** How many connections of all peers that may not call may be open. The next is closed at once. Default: 64. */
  readonly maxRefusedConnections?: number | undefined;
  /**
   * Whether SIGINT and SIGTERM close the server and then end the process: by the signal, or, as process 1 of a container, with status
   * 128 + its number. In a worker thread it has no effect: Node.js gives signals to the main thread. Default: true.
   */
  readonly signals?: boolean | undefined;
  /**
   * How much of the requests of one connection may wait in memory because no handler reads them, or because they are not whole, in
   * bytes: peers are slowed down so that they cannot exceed it. At least 1 MiB; a stream costs it 4 KiB, so with less than 64 MiB fewer
   * calls at once are taken. Default: 64 MiB. This and the next three are of engine `"direct"`.
   */
  readonly maxUnreadBytes?: number | undefined;
  /**
   * How much of the answers may wait on one connection because its peer does not take them, in bytes. Beyond that streams wait, and
   * what has a single answer fails with ResourceExhausted. Default: 128 MiB.
   */
  readonly maxWaitingBytes?: number | undefined;
  /**
   * How much may wait on all connections together, of requests and answers, in bytes. Beyond that a connection gets 256 KiB, and one
   * that holds more and does not move for a minute is closed. At least 16 MiB, and twice `readMaxBytes`. Default: 512 MiB.
   * HTTP/1.1 is in it, with either engine: half of it is for its requests, and its answers are kept up to three quarters.
   */
  readonly maxHeldBytes?: number | undefined;
  /**
   * How long a request may take to become whole, in milliseconds: a unary request from its beginning, a message of a stream from when it has
   * begun to arrive and a handler waits for it. A stream may be silent between two messages for as long as it likes. The call fails with
   * DeadlineExceeded after this time, or up to half as much again. `Infinity` is for ever. Default: 60,000.
   * In HTTP/1.1, with either engine, it is the time for the body of a method that takes one message, and for a message of a stream that
   * its handler waits for; then the connection is closed. So is one that holds more than 256 KiB of which nothing moves in this time, while
   * the server holds more than half of `maxHeldBytes`.
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Called with what a handler or an interceptor threw that is no ConnectError; the caller gets Internal and no word of
   * it. Default: it is written to standard error.
   */
  readonly onError?: OnError | undefined;
}

/** `graceMs`, or its default; "for ever" is 24 days, since setTimeout takes no more and fires at once for it. */
export function graceMsOf({ graceMs = 5_000 }: ServeOptions): number {
  return Math.min(graceMs, 2 ** 31 - 60_000);
}

/** The limits of connections that have not begun, with their defaults. */
export function doorLimitsOf(options: ServeOptions): DoorLimits {
  const { handshakeTimeoutMs = 10_000, maxPendingConnections = 4_096, maxRefusedConnections = 64 } = options;
  return { handshakeTimeoutMs, maxPendingConnections, maxRefusedConnections };
}

/** Owner only: a socket is as private as the module until somebody decides otherwise. */
export const defaultMode = 0o600;

const MiB = 2 ** 20;

/** The limits of what waits, with our defaults. Refuses what cannot be meant. */
export function memoryLimits(options: ServeOptions): MemoryLimits {
  const { maxUnreadBytes = 64 * MiB, maxWaitingBytes = 128 * MiB, requestTimeoutMs = 60_000 } = options;
  const { readMaxBytes = defaultMaxBytes } = options;
  const maxHeldBytes = options.maxHeldBytes ?? Math.max(512 * MiB, 2 * readMaxBytes);
  assertBytes("maxUnreadBytes", maxUnreadBytes, MiB);
  assertBytes("maxWaitingBytes", maxWaitingBytes);
  assertBytes("maxHeldBytes", maxHeldBytes, Math.max(16 * MiB, 2 * readMaxBytes), Number.MAX_SAFE_INTEGER);
  if (!(typeof requestTimeoutMs === "number" && requestTimeoutMs > 0)) {
    throw new RangeError(`requestTimeoutMs must be more than 0, not ${shown(requestTimeoutMs)}`);
  }
  return { maxUnreadBytes, maxWaitingBytes, maxHeldBytes, requestTimeoutMs };
}

/** The part of the options that is Connect's, with our defaults. Refuses what cannot be meant. */
export function routerOptions(options: ServeOptions, shutdownSignal: AbortSignal) {
  const {
    socket,
    routes,
    engine,
    mode,
    group,
    authorize,
    takeover,
    lock,
    graceMs,
    handshakeTimeoutMs,
    maxPendingConnections,
    maxRefusedConnections,
    signals,
    onError,
    health,
    reflection,
    stats,
    maxUnreadBytes,
    maxWaitingBytes,
    maxHeldBytes,
    requestTimeoutMs,
    ...router
  } = options;
  if (graceMs !== undefined && !(typeof graceMs === "number" && graceMs >= 0)) {
    throw new RangeError(`graceMs must be 0 or more, not ${shown(graceMs)}`);
  }
  if (handshakeTimeoutMs !== undefined && !(typeof handshakeTimeoutMs === "number" && handshakeTimeoutMs > 0)) {
    throw new RangeError(`handshakeTimeoutMs must be more than 0, not ${shown(handshakeTimeoutMs)}`);
  }
  for (const [name, count] of Object.entries({ maxPendingConnections, maxRefusedConnections })) {
    if (count !== undefined && !(typeof count === "number" && count >= 1)) {
      throw new RangeError(`${name} must be 1 or more, not ${shown(count)}`);
    }
  }
  const { maxTimeoutMs, readMaxBytes, writeMaxBytes, compressMinBytes, interceptors, acceptCompression } = router;
  if (maxTimeoutMs !== undefined && !(typeof maxTimeoutMs === "number" && maxTimeoutMs > 0)) {
    throw new RangeError(`maxTimeoutMs must be more than 0, not ${shown(maxTimeoutMs)}`);
  }
  assertMaxBytes({ readMaxBytes, writeMaxBytes });
  assertBytes("compressMinBytes", compressMinBytes);
  assertFunction("authorize", authorize);
  assertFunction("onError", onError);
  assertInterceptors(interceptors);
  assertCompressions("acceptCompression", acceptCompression);
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o777)) {
    throw new RangeError(`mode must be a file mode such as 0o600, not ${shown(mode)}`);
  }
  if (engine !== undefined && engine !== "direct" && engine !== "node") {
    throw new TypeError(`there is no engine ${JSON.stringify(engine)}: "direct" and "node" are`);
  }
  return {
    ...router,
    readMaxBytes: router.readMaxBytes ?? defaultMaxBytes,
    writeMaxBytes: router.writeMaxBytes ?? defaultMaxBytes,
    acceptCompression: acceptCompression ?? acceptedByDefault,
    shutdownSignal,
  };
}
