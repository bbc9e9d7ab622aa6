import type { ConnectRouterOptions } from "@connectrpc/connect";
import { groupId } from "../address/index.js";
import { assertBusyPoll, busyPollMaxUs } from "../busy-poll/options.js";
import { assertBytes, assertMaxBytes, defaultMaxBytes } from "../max-bytes.js";
import { acceptedByDefault } from "../messages/gzip.js";
import { assertCompressions, assertFunction, assertInterceptors, shown } from "../option-checks.js";
import type { ServicesOptions } from "../services/index.js";
import type { MemoryLimits, RouterOptions } from "./engines/engine.js";
import type { ConnectionLimits } from "./engines/pending-connections.js";
import { logError, type OnError, safely } from "./on-error.js";
import type { ServeOptions } from "./options.js";

const MiB = 2 ** 20;

/** The options of a server with every default in its place. Times are in milliseconds. */
export interface ResolvedServeOptions extends Pick<ServeOptions, "socket" | "routes" | "authorize"> {
  readonly engine: "direct" | "node";
  readonly takeover: boolean;
  readonly signals: boolean;
  /** Whether a lock is held on the name. */
  readonly lock: boolean;
  /** The access rights and the group of the socket file. */
  readonly mode: number;
  readonly gid: number | undefined;
  readonly graceMs: number;
  readonly connectionLimits: ConnectionLimits;
  readonly memoryLimits: MemoryLimits;
  /** How long the event loop may turn for an arrival, in microseconds; 0 if it does not busy-poll. */
  readonly busyPollMaxUs: number;
  readonly services: ServicesOptions;
  /** Connect's part. */
  readonly router: Omit<RouterOptions, "shutdownSignal">;
  /** Never throws. */
  readonly onError: OnError;
}

/** @throws {RangeError | TypeError} for invalid options */
export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  const {
    socket,
    routes,
    engine = "direct",
    // The owner only, so that a socket is private unless configured otherwise.
    mode = 0o600,
    group,
    authorize,
    takeover = false,
    lock = true,
    graceMs = 5_000,
    handshakeTimeoutMs = 10_000,
    maxPendingConnections = 4_096,
    maxRefusedConnections = 64,
    signals = true,
    onError = logError,
    health,
    reflection,
    stats,
    maxUnreadBytes = 64 * MiB,
    maxWaitingBytes = 128 * MiB,
    maxHeldBytes,
    requestTimeoutMs = 60_000,
    busyPoll,
    ...router
  } = options;
  assertFunction("onError", onError);
  assertFunction("authorize", authorize);
  assertBusyPoll(busyPoll);
  if (typeof routes !== "function") {
    throw new TypeError(`routes must be a function that registers services, not ${shown(routes)}`);
  }
  if (engine !== "direct" && engine !== "node") {
    throw new TypeError(`there is no engine ${JSON.stringify(engine)}: use "direct" or "node"`);
  }
  if (!(Number.isInteger(mode) && mode >= 0 && mode <= 0o777)) {
    throw new RangeError(`mode must be a file mode such as 0o600, not ${shown(mode)}`);
  }
  assertNumber("graceMs", graceMs, (value) => value >= 0, "0 or more");
  assertNumber("handshakeTimeoutMs", handshakeTimeoutMs, (value) => value > 0, "more than 0");
  assertNumber("requestTimeoutMs", requestTimeoutMs, (value) => value > 0, "more than 0");
  assertNumber("maxPendingConnections", maxPendingConnections, (value) => value >= 1, "1 or more");
  assertNumber("maxRefusedConnections", maxRefusedConnections, (value) => value >= 1, "1 or more");
  const resolvedRouter = resolveRouterOptions(router);
  return {
    socket,
    routes,
    engine,
    mode,
    gid: group === undefined ? undefined : groupId(group),
    authorize,
    takeover,
    lock,
    signals,
    onError: safely(onError),
    // "For ever" is 24 days, since setTimeout takes no more and fires at once for it.
    graceMs: Math.min(graceMs, 2 ** 31 - 60_000),
    connectionLimits: { handshakeTimeoutMs, maxPendingConnections, maxRefusedConnections },
    memoryLimits: {
      ...resolveMemory({ maxUnreadBytes, maxWaitingBytes, maxHeldBytes }, resolvedRouter.readMaxBytes),
      requestTimeoutMs,
    },
    busyPollMaxUs: busyPollMaxUs(busyPoll),
    services: { health, reflection, stats },
    router: resolvedRouter,
  };
}

function resolveMemory(
  limits: { maxUnreadBytes: number; maxWaitingBytes: number; maxHeldBytes: number | undefined },
  readMaxBytes: number,
) {
  const { maxUnreadBytes, maxWaitingBytes } = limits;
  const maxHeldBytes = limits.maxHeldBytes ?? Math.max(512 * MiB, 2 * readMaxBytes);
  assertBytes("maxUnreadBytes", maxUnreadBytes, MiB);
  assertBytes("maxWaitingBytes", maxWaitingBytes);
  assertBytes("maxHeldBytes", maxHeldBytes, Math.max(16 * MiB, 2 * readMaxBytes), Number.MAX_SAFE_INTEGER);
  return { maxUnreadBytes, maxWaitingBytes, maxHeldBytes };
}

function resolveRouterOptions(given: Omit<ConnectRouterOptions, "shutdownSignal">) {
  // Programs without types may give null.
  const readMaxBytes = given.readMaxBytes ?? defaultMaxBytes;
  const writeMaxBytes = given.writeMaxBytes ?? defaultMaxBytes;
  const compressMinBytes = given.compressMinBytes ?? 1_024;
  const acceptCompression = given.acceptCompression ?? acceptedByDefault;
  const interceptors = given.interceptors ?? [];
  const { maxTimeoutMs } = given;
  if (maxTimeoutMs !== undefined) {
    assertNumber("maxTimeoutMs", maxTimeoutMs, (value) => value > 0, "more than 0");
  }
  assertMaxBytes({ readMaxBytes, writeMaxBytes });
  assertBytes("compressMinBytes", compressMinBytes);
  assertInterceptors(interceptors);
  assertCompressions("acceptCompression", acceptCompression);
  return { ...given, readMaxBytes, writeMaxBytes, compressMinBytes, acceptCompression, interceptors };
}

function assertNumber(name: string, value: unknown, isInRange: (value: number) => boolean, range: string): void {
  if (!(typeof value === "number" && isInRange(value))) {
    throw new RangeError(`${name} must be ${range}, not ${shown(value)}`);
  }
}
