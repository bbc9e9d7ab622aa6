import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect";
import type { BusyPollOptions } from "../busy-poll/options.js";
import type { ServicesOptions } from "../services/index.js";
import type { Authorize } from "./caller.js";
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
   * Decides who may call, by the credentials that the kernel reports; called once for each connection. A peer for
   * which it does not return true gets PermissionDenied. If the credentials cannot be read, an `authorize` that is set
   * refuses everybody. Default: `sameUser()`.
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
   * preface of HTTP/2 with SETTINGS, or the headers of a request in HTTP/1.1) and `authorize` has answered. A
   * connection that has not begun by then is closed, and so is one of an unauthorized peer. The headers of later
   * requests may take up to twice as long. `Infinity` means no limit. Default: 10,000.
   */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * The maximum number of open connections that have not begun, 1 or more. They are counted for each user id; if the
   * kernel reports none, they are counted together. Further ones are closed at once. Default: 4,096, as many as the
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
   * incomplete, in bytes. Peers are slowed down so that they cannot exceed it. The minimum is 1 MiB. A stream takes
   * 4 KiB of it, so less than 64 MiB reduces the number of simultaneous calls. The option applies to engine `"direct"`.
   * Default: 64 MiB.
   */
  readonly maxUnreadBytes?: number | undefined;
  /**
   * The memory in which responses may wait on one connection because its peer does not read them, in bytes, 0 or more.
   * Beyond it streams wait, and calls with a single response message fail with ResourceExhausted. The option applies to
   * engine `"direct"`. Default: 128 MiB.
   */
  readonly maxWaitingBytes?: number | undefined;
  /**
   * The memory in which requests and responses may wait on all connections together, in bytes. While it is exceeded,
   * each connection may hold 256 KiB, and one that holds more and does not progress for a minute is closed. The
   * minimum is 16 MiB, or twice `readMaxBytes` if that is more. The option applies to engine `"direct"`, and to
   * HTTP/1.1 with either engine, whose requests may take half of the memory and whose responses three quarters.
   * Default: 512 MiB, or twice `readMaxBytes` if that is more.
   */
  readonly maxHeldBytes?: number | undefined;
  /**
   * How long a request may take to arrive, in milliseconds, more than 0: a unary request from its beginning, a message
   * of a stream from when it has begun to arrive and a handler waits for it. A stream may be silent between messages
   * for as long as it likes. The call fails with DeadlineExceeded after this time, or up to half as long again.
   * `Infinity` means no limit. Default: 60,000.
   *
   * The option applies to engine `"direct"`, and to HTTP/1.1 with either engine, where the connection is closed after
   * this time. A connection in HTTP/1.1 is also closed if it holds more than 256 KiB and releases none of it in this
   * time, while the server holds more than half of `maxHeldBytes`.
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Whether the event loop busy-polls while the next request is expected within tens of microseconds: it turns instead
   * of sleeping, so that no time is lost to waking up. It does so only while requests follow each other that fast and
   * while that takes no more CPU time than sleeping, and never with less than two cores. `false` turns it off; `maxUs`
   * limits it. Applies to engine `"direct"`. Default: on, with a `maxUs` of 200.
   */
  readonly busyPoll?: false | BusyPollOptions | undefined;
  /**
   * Called with errors of handlers and interceptors that are not a ConnectError; the caller gets Internal without their
   * text. Also called with errors of the server itself. Default: writes to standard error.
   */
  readonly onError?: OnError | undefined;
}
