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
import { assertBytes, assertMaxBytes } from "../max-bytes.js";
import { assertCompression, assertCompressions, assertInterceptors, shown } from "../option-checks.js";
import type { CallStats, MemoryStats } from "../stats/index.js";
import { assertAuthorityAndUserAgent } from "./authority-and-user-agent.js";
import type { ChannelState, ReadyOptions } from "./dialling/session.js";

/** Which server to call, and how. Everything but `socket` has a default that is right for most. */
export interface IpcTransportOptions {
  /** Where the server lives, as in `serve()`: a module's name, a path or `unix:/path`. */
  readonly socket: string;
  /** Plain Connect interceptors, the first outermost. */
  readonly interceptors?: Interceptor[] | undefined;
  /**
   * What speaks HTTP/2: `"direct"`, the default, is our own; `"node"` is connect-node on `node:http2`; `"undici"` is Connect on
   * undici, a package to be installed beside this one.
   */
  readonly engine?: "direct" | "node" | "undici" | undefined;
  /** How many connections to keep; calls take turns. More than one helps where several processes serve one name. Default: 1. */
  readonly connections?: number | undefined;
  /**
   * Whether calls wait for the server to be there, as long as their deadline allows, instead of failing with Unavailable at
   * once. Default: false. One call can say otherwise by the context value `waitForReady`.
   */
  readonly waitForReady?: boolean | undefined;
  /** The `:authority` of requests, a host as in a URL; gRPC's "authority". Default: "localhost", gRPC's for Unix sockets. */
  readonly authority?: string | undefined;
  /**
   * The application's name and version, `my-app/1.2`: goes before the library's in `user-agent`, as gRPC has it. One call can say
   * something else altogether by its headers. Default: none, servers see `grpc-node-vyra/VERSION`.
   */
  readonly userAgent?: string | undefined;
  /**
   * Users, besides this user and root, whose sockets may be dialled: ids, or names in /etc/passwd, which are looked up when the channel
   * is made. Default: none.
   */
  readonly trustedUsers?: readonly (number | string)[] | undefined;
  /** The largest response message, in bytes. Default: 10 MiB. */
  readonly readMaxBytes?: number | undefined;
  /** The largest request message, in bytes. Default: 10 MiB. */
  readonly writeMaxBytes?: number | undefined;
  /**
   * How much the calls may hold that wait for their turn, in bytes: because the server takes no more at once, or is not there yet.
   * Each counts with its request and 1 KiB (a stream 3.5 KiB, one with a signal 1 KiB more); one for which there is no room fails at once with ResourceExhausted. Requests
   * that have been sent and that the server does not read have as much, on each connection. Default:
   * 256 MiB. Of engine `"direct"`.
   */
  readonly maxWaitingBytes?: number | undefined;
  /**
   * How much of the responses on one connection may wait in memory because nobody reads them, or because they are not whole, in bytes: the
   * server is slowed down so that it cannot exceed it. At least 1 MiB. Default: 64 MiB. Of engine `"direct"`.
   */
  readonly maxUnreadBytes?: number | undefined;
  /** Compressions that responses may have. Default: gzip. `readMaxBytes` holds for what comes out. */
  readonly acceptCompression?: Compression[] | undefined;
  /** The compression of requests. Default: none. */
  readonly sendCompression?: Compression | undefined;
  /** The size below which a request is not worth compressing, in bytes. Default: 1,024. */
  readonly compressMinBytes?: number | undefined;
  /** Whether messages travel as binary protobuf; JSON otherwise, which few gRPC servers take. Default: true. */
  readonly useBinaryFormat?: boolean | undefined;
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions> | undefined;
  readonly binaryOptions?: Partial<BinaryReadOptions & BinaryWriteOptions> | undefined;
  /**
   * While calls are open, how often to ask the server whether it still lives, in milliseconds; 0 and `Infinity` for never.
   * Default: 300,000, the shortest that gRPC servers in other languages allow (gRFC A8). A server of ours takes any.
   */
  readonly keepAliveIntervalMs?: number | undefined;
  /**
   * How long it may take to answer that, in milliseconds, before the connection is given up: more than 0; `Infinity` for ever. Default:
   * 20,000.
   */
  readonly keepAliveTimeoutMs?: number | undefined;
  /**
   * After how long without a call the connection is closed, in milliseconds; 0 or Infinity is never. The next call dials anew. So a
   * channel that was dropped without `close()` does not keep its connection for ever. Default: 1,800,000, half an hour, as in
   * grpc-go and grpc-java.
   */
  readonly idleTimeoutMs?: number | undefined;
}

export { defaultMaxBytes } from "../max-bytes.js";

/** Refuses what cannot be meant. @throws {RangeError | TypeError} */
export function assertTransportOptions(options: IpcTransportOptions): void {
  const { readMaxBytes, writeMaxBytes, compressMinBytes, maxWaitingBytes, maxUnreadBytes, trustedUsers = [] } = options;
  const { keepAliveIntervalMs, keepAliveTimeoutMs, idleTimeoutMs } = options;
  assertMaxBytes({ readMaxBytes, writeMaxBytes });
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

/** What has been counted of a channel's calls. An attempt that `retry()` makes is a call of its own here. */
export interface ChannelStats extends CallStats {
  /** Connections that are open now. */
  readonly connections: number;
  /** What they hold of what waits; undefined where Node.js or undici holds it and does not tell. */
  readonly memory?: MemoryStats | undefined;
}

/** A transport as engines make it. */
export interface EngineTransport extends IpcTransport {
  /** A unary call straight to its message, where there are no interceptors that would see a request and a response. */
  readonly message?: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions | undefined,
  ) => Promise<MessageShape<O>>;
}

/** A Connect transport over a Unix domain socket, with a connection to look after. */
export interface IpcTransport extends Transport, AsyncDisposable {
  /** The connection's state now. */
  readonly state: ChannelState;
  /** Who serves, as the kernel says; undefined before the first connection, and where it cannot tell. */
  readonly peer: PeerCredentials | undefined;
  /** Waits until the server is there and speaks HTTP/2. */
  ready(options?: ReadyOptions): Promise<void>;
  /** What has been counted until now. To look for the first time has calls timed from then on, which costs each a little. */
  stats(): ChannelStats;
  /** Ends the connection, and calls in flight with Canceled. Later calls fail with Canceled. */
  close(): Promise<void>;
}
