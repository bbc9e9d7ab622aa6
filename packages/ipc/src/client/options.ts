import type {
  BinaryReadOptions,
  BinaryWriteOptions,
  DescMessage,
  DescMethodUnary,
  JsonReadOptions,
  JsonWriteOptions,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { CallOptions, Interceptor, Transport } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import type { PeerCredentials } from "../address/index.js";
import { assertBusyPoll, type BusyPollOptions } from "../busy-poll/options.js";
import { assertBytes, assertMaxBytes } from "../max-bytes.js";
import { assertCompression, assertCompressions, assertInterceptors, shown } from "../option-checks.js";
import type { CallStats, MemoryStats } from "../stats/index.js";
import { assertAuthorityAndUserAgent } from "./authority-and-user-agent.js";
import type { ChannelState, ReadyOptions } from "./dialling/session.js";

/** The server to call, and how. All options except `socket` have defaults that suit most clients. */
export interface IpcTransportOptions {
  /** The address of the server, as in `serve()`: a module name, a path or `unix:/path`. */
  readonly socket: string;
  /** Connect interceptors, the first one outermost. Default: none. */
  readonly interceptors?: Interceptor[] | undefined;
  /**
   * The HTTP/2 implementation: `"direct"` is that of this package, `"node"` is connect-node on `node:http2`, and
   * `"undici"` is Connect on undici, a package to be installed in addition. Default: `"direct"`.
   */
  readonly engine?: "direct" | "node" | "undici" | undefined;
  /**
   * The number of connections, 1 or more, between which calls take turns. More than one helps if several processes
   * serve one name. Default: 1.
   */
  readonly connections?: number | undefined;
  /**
   * Whether calls wait for the server to be reachable, as long as their deadline allows, instead of failing with
   * Unavailable at once: https://github.com/grpc/grpc/blob/master/doc/wait-for-ready.md. A single call can override it
   * by the context value `waitForReady`. Default: false.
   */
  readonly waitForReady?: boolean | undefined;
  /** The `:authority` of requests, a host as in a URL. Default: "localhost", which gRPC specifies for Unix sockets. */
  readonly authority?: string | undefined;
  /**
   * The application's name and version, `my-app/1.2`, which is put before the library's in `user-agent`, as gRPC
   * specifies. A single call can replace the whole field by its headers. Default: none; servers receive
   * `grpc-node-vyra/VERSION`.
   */
  readonly userAgent?: string | undefined;
  /**
   * Users, besides this process' own user and root, whose sockets may be dialled: ids, or names in /etc/passwd, which
   * are looked up when the channel is created. Default: none.
   */
  readonly trustedUsers?: readonly (number | string)[] | undefined;
  /**
   * The largest allowed response message, in bytes, from 1 to 2^32 - 1. Larger ones fail with ResourceExhausted.
   * Default: 10 MiB.
   */
  readonly readMaxBytes?: number | undefined;
  /**
   * The largest allowed request message, in bytes, from 1 to 2^32 - 1. Larger ones fail with ResourceExhausted.
   * Default: 10 MiB.
   */
  readonly writeMaxBytes?: number | undefined;
  /**
   * The memory that waiting calls may hold, in bytes: calls that wait because the server allows no more streams, or
   * because it is not reachable yet. Each call counts with its request and 1 KiB (a stream with 3.5 KiB, a signal with
   * 1 KiB more). A call for which there is no room fails at once with ResourceExhausted. On each connection, requests
   * that have been sent and that the server does not read may hold another `maxWaitingBytes`. Applies to engine
   * `"direct"`. Default: 256 MiB.
   */
  readonly maxWaitingBytes?: number | undefined;
  /**
   * The memory in which responses may wait on one connection because nobody reads them or because they are incomplete,
   * in bytes. The server is slowed down so that it cannot exceed it. At least 1 MiB. Applies to engine `"direct"`.
   * Default: 64 MiB.
   */
  readonly maxUnreadBytes?: number | undefined;
  /** The compressions that responses may have. `readMaxBytes` applies to the decompressed message. Default: gzip. */
  readonly acceptCompression?: Compression[] | undefined;
  /** The compression of requests. Default: none. */
  readonly sendCompression?: Compression | undefined;
  /** The size below which a request is not compressed, in bytes. Default: 1,024. */
  readonly compressMinBytes?: number | undefined;
  /** Whether messages are binary protobuf; otherwise they are JSON, which few gRPC servers accept. Default: true. */
  readonly useBinaryFormat?: boolean | undefined;
  /** How JSON messages are read and written, with the options of protobuf-es. Default: its defaults. */
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions> | undefined;
  /**
   * How binary messages are read and written, with the options of protobuf-es. Default: its defaults. With
   * `readUnknownFields: false` unknown fields are dropped.
   */
  readonly binaryOptions?: Partial<BinaryReadOptions & BinaryWriteOptions> | undefined;
  /**
   * The interval of keepalive PINGs while calls are open, in milliseconds; 0 and `Infinity` mean never. Default:
   * 300,000, the shortest that gRPC servers in other languages allow (gRFC A8). Servers of this package allow any
   * interval.
   */
  readonly keepAliveIntervalMs?: number | undefined;
  /**
   * How long the server may take to acknowledge a keepalive PING, in milliseconds, before the connection is given up;
   * more than 0, and `Infinity` means no limit. Default: 20,000.
   */
  readonly keepAliveTimeoutMs?: number | undefined;
  /**
   * How long a connection may have no calls before it is closed, in milliseconds; 0 and `Infinity` mean never. The next
   * call connects again. Thus a channel that nobody closes does not keep its connection.
   * Default: 1,800,000 (30 minutes), as in grpc-go and grpc-java.
   */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * Whether the event loop busy-polls while an answer is expected within tens of microseconds: it turns instead of
   * sleeping, so that no time is lost to waking up. It does so only while that takes no more CPU time than sleeping,
   * for methods that answer fast, and never with less than two cores. `false` turns it off; `maxUs` limits it. Applies
   * to engine `"direct"`. Default: on, with a `maxUs` of 200.
   */
  readonly busyPoll?: false | BusyPollOptions | undefined;
}

export { defaultMaxBytes } from "../max-bytes.js";

/** Refuses invalid options. @throws {RangeError | TypeError} */
export function assertTransportOptions(options: IpcTransportOptions): void {
  const { readMaxBytes, writeMaxBytes, compressMinBytes, maxWaitingBytes, maxUnreadBytes, trustedUsers = [] } = options;
  const { keepAliveIntervalMs, keepAliveTimeoutMs, idleTimeoutMs } = options;
  assertMaxBytes({ readMaxBytes, writeMaxBytes });
  assertBusyPoll(options.busyPoll);
  assertBytes("compressMinBytes", compressMinBytes);
  assertBytes("maxWaitingBytes", maxWaitingBytes);
  assertBytes("maxUnreadBytes", maxUnreadBytes, 2 ** 20);
  assertAuthorityAndUserAgent(options.authority, options.userAgent);
  assertInterceptors(options.interceptors);
  assertCompression("sendCompression", options.sendCompression);
  assertCompressions("acceptCompression", options.acceptCompression);
  for (const [name, ms] of Object.entries({ keepAliveIntervalMs, idleTimeoutMs })) {
    if (ms !== undefined && !(typeof ms === "number" && ms >= 0)) {
      throw new RangeError(`${name} must be 0 ms or more, not ${shown(ms)}`);
    }
  }
  if (keepAliveTimeoutMs !== undefined && !(typeof keepAliveTimeoutMs === "number" && keepAliveTimeoutMs > 0)) {
    throw new RangeError(`keepAliveTimeoutMs must be more than 0 ms, not ${shown(keepAliveTimeoutMs)}`);
  }
  const isUser = (user: unknown) => typeof user === "string" || (Number.isInteger(user) && Number(user) >= 0);
  if (!Array.isArray(trustedUsers) || !trustedUsers.every(isUser)) {
    throw new TypeError(`trustedUsers must be a list of user ids and names, not ${shown(trustedUsers)}`);
  }
}

/** The counts of a channel's calls. Each attempt of `retry()` counts as a call. */
export interface ChannelStats extends CallStats {
  /** The number of connections that are open now. */
  readonly connections: number;
  /** The memory in which data wait; undefined with engines `"node"` and `"undici"`, which do not report it. */
  readonly memory?: MemoryStats | undefined;
}

/** A transport as an engine creates it. */
export interface EngineTransport extends IpcTransport {
  /**
   * Makes a unary call and returns its message, without creating a request and a response object; absent if there are
   * interceptors, which need those.
   */
  readonly message?: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions | undefined,
  ) => Promise<MessageShape<O>>;
}

/** A Connect transport over a Unix domain socket, with its connectivity state. */
export interface IpcTransport extends Transport, AsyncDisposable {
  /** The connectivity state now. */
  readonly state: ChannelState;
  /**
   * The server's credentials, as the kernel reports them; undefined before the first connection, and where it does not
   * report them.
   */
  readonly peer: PeerCredentials | undefined;
  /**
   * Waits until the server is reachable and speaks HTTP/2, and keeps trying until then.
   *
   * @throws {ConnectError} Unavailable if the server is not reachable in time, DeadlineExceeded if it does not
   *   answer, PermissionDenied at once if its socket is not trusted, Canceled if the signal is aborted or the transport
   *   is closed.
   */
  ready(options?: ReadyOptions): Promise<void>;
  /**
   * Returns the counts so far. Calls are timed only from the first request of statistics on, since timing has a small
   * cost.
   */
  stats(): ChannelStats;
  /** Closes the transport. Calls in flight and later calls fail with Canceled. */
  close(): Promise<void>;
}
