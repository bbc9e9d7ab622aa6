import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect";
import { assertBytes, assertMaxBytes, defaultMaxBytes } from "../max-bytes.js";
import { acceptedByDefault } from "../messages/gzip.js";
import { assertCompressions, assertFunction, assertInterceptors, shown } from "../option-checks.js";
import type { ServicesOptions } from "../services/index.js";
import type { Authorize } from "./caller.js";
import type { MemoryLimits } from "./engines/engine.js";
import type { ConnectionLimits } from "./engines/pending-connections.js";
import type { OnError } from "./on-error.js";

/**
 * What to serve, where, and how. All options except `socket` and `routes` have defaults that suit most servers.
 *
 * Connect's router options are accepted as well. Those with defaults of this package are `readMaxBytes` and
 * `writeMaxBytes` (10 MiB each) and `acceptCompression` (gzip for requests; responses are compressed only if it is
 * set).
 */
export interface ServeOptions extends Omit<ConnectRouterOptions, "shutdownSignal">, ServicesOptions {
  /**
   * Where to serve: a module name (`my_module` stands for `/tmp/my_module_ipc.sock`, or the same in the folder that
   * `VYRA_IPC_DIR` names), a path (`/run/x.sock`, `./x.sock`) or a gRPC target (`unix:/run/x.sock`,
   * `unix-abstract:name`). With `fd`, a socket on which the parent process already listens: its descriptor, or its name
   * in LISTEN_FDNAMES (systemd).
   */
  readonly socket: string | { readonly fd: number | string };
  /** Registers the services, as on any Connect router: `(router) => router.service(BackendService, backend)`. */
  readonly routes: (router: ConnectRouter) => void;
  /**
   * The HTTP/2 implementation: `"direct"` is that of this package, `"node"` is connect-node on `node:http2`. Default:
   * `"direct"`.
   */
  readonly engine?: "direct" | "node" | undefined;
  /** The access rights of the socket file, from 0 to 0o777. Default: 0o600, for this user alone. */
  readonly mode?: number | undefined;
  /** The group of the socket file, by id or name, for a `mode` such as 0o660. Default: that of the process. */
  readonly group?: number | string | undefined;
  /**
   * Decides who may call, by the credentials that the kernel reports; called once for each connection. Other peers get
   * PermissionDenied. If the credentials cannot be read, an `authorize` that is set refuses everybody. Default:
   * `sameUser()`.
   */
  readonly authorize?: Authorize | undefined;
  /**
   * Whether to ask a server of the same user at this address to hand it over: it does so once this server is reachable,
   * and then drains. Default: false; `serve()` then fails if the address is in use.
   */
  readonly takeover?: boolean | undefined;
  /** Whether to hold a lock on the address (`<path>.lock`) while serving. Default: true. */
  readonly lock?: boolean | undefined;
  /**
   * How long `close()` waits for calls in flight before it ends them with Unavailable, in milliseconds, 0 or more; at
   * most 24 days, which `Infinity` counts as. Default: 5,000.
   */
  readonly graceMs?: number | undefined;
  /**
   * How long a connection may take to begin, in milliseconds, more than 0: until its peer has shown its protocol (the
   * preface of HTTP/2 with SETTINGS, or the headers of a request in HTTP/1.1) and `authorize` has answered. Then the
   * connection is closed, as are those of unauthorized peers. The headers of later requests may take up to twice as
   * long. `Infinity` means no limit. Default: 10,000.
   */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * The maximum number of open connections of one user that have not begun, 1 or more, by the credentials that the
   * kernel reports, or of all users if there are none. Further ones are closed at once. Default: 4,096, as many as the
   * kernel lets wait to be accepted.
   */
  readonly maxPendingConnections?: number | undefined;
  /**
   * The maximum number of open connections of unauthorized peers, in total, 1 or more. Further ones are closed at once.
   * Default: 64.
   */
  readonly maxRefusedConnections?: number | undefined;
  /**
   * Whether SIGINT and SIGTERM close the server and then end the process: by the signal itself, or, for process 1 of a
   * container, with status 128 + the signal's number. It has no effect in a worker thread, since Node.js delivers
   * signals to the main thread. Default: true.
   */
  readonly signals?: boolean | undefined;
  /**
   * The memory in which requests of one connection may wait because no handler reads them or because they are
   * incomplete, in bytes. Peers are slowed down so that they cannot exceed it. At least 1 MiB; a stream takes 4 KiB of
   * it, so less than 64 MiB reduces the number of simultaneous calls. Applies to engine `"direct"`. Default: 64 MiB.
   */
  readonly maxUnreadBytes?: number | undefined;
  /**
   * The memory in which responses may wait on one connection because its peer does not read them, in bytes, 0 or more.
   * Beyond it streams wait, and calls with a single response message fail with ResourceExhausted. Applies to engine
   * `"direct"`. Default: 128 MiB.
   */
  readonly maxWaitingBytes?: number | undefined;
  /**
   * The memory in which requests and responses may wait on all connections together, in bytes. Beyond it a connection
   * gets 256 KiB, and one that holds more and does not progress for a minute is closed. At least 16 MiB, and twice
   * `readMaxBytes`. Applies to engine `"direct"`, and to HTTP/1.1 with either engine: its requests may take half of it, and
   * its responses three quarters. Default: 512 MiB, or twice `readMaxBytes` if that is more.
   */
  readonly maxHeldBytes?: number | undefined;
  /**
   * How long a request may take to arrive, in milliseconds, more than 0: a unary request from its beginning, a message
   * of a stream from when it has begun to arrive and a handler waits for it. A stream may be silent between messages
   * for as long as it likes. The call fails with DeadlineExceeded after this time, or up to half as long again.
   * `Infinity` means no limit. Default: 60,000.
   *
   * Applies to engine `"direct"`, and to HTTP/1.1 with either engine, where the connection is closed after this time. A
   * connection in HTTP/1.1 is also closed if it holds more than 256 KiB of which nothing moves in this time, while the server
   * holds more than half of `maxHeldBytes`.
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Called with errors of handlers and interceptors that are not a ConnectError; the caller gets Internal without their
   * text. Also called with errors of the server itself. Default: writes to standard error.
   */
  readonly onError?: OnError | undefined;
}

/**
 * Returns `graceMs` or its default. An infinite time becomes 24 days, since setTimeout takes no more and fires at once
 * for it.
 */
export function graceMsOf({ graceMs = 5_000 }: ServeOptions): number {
  return Math.min(graceMs, 2 ** 31 - 60_000);
}

/** Returns the limits for connections that have not begun, with their defaults. */
export function connectionLimitsOf(options: ServeOptions): ConnectionLimits {
  const { handshakeTimeoutMs = 10_000, maxPendingConnections = 4_096, maxRefusedConnections = 64 } = options;
  return { handshakeTimeoutMs, maxPendingConnections, maxRefusedConnections };
}

/** The default access rights: owner only, so that a socket is private unless configured otherwise. */
export const defaultMode = 0o600;

const MiB = 2 ** 20;

/** Returns the limits for waiting data, with their defaults. @throws {RangeError} for invalid ones */
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

/**
 * Returns Connect's part of the options, with the defaults of this package. @throws {RangeError | TypeError} for
 * invalid options
 */
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
    throw new TypeError(`there is no engine ${JSON.stringify(engine)}: use "direct" or "node"`);
  }
  return {
    ...router,
    readMaxBytes: router.readMaxBytes ?? defaultMaxBytes,
    writeMaxBytes: router.writeMaxBytes ?? defaultMaxBytes,
    acceptCompression: acceptCompression ?? acceptedByDefault,
    shutdownSignal,
  };
}
