import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { type PeerCredentials, resolveSocket, shownAddress } from "../address/index.js";
import type { DeadlineOptions } from "../interceptors/deadline.js";
import { createIpcClient } from "./client.js";
import type { ChannelState, ReadyOptions } from "./dialling/session.js";
import type { ChannelStats, IpcTransport, IpcTransportOptions } from "./options.js";
import { createLimitedTransport } from "./transport.js";

/** The options of a channel: those of its transport except `socket`, and the timeouts of its calls. */
export interface ChannelOptions extends Omit<IpcTransportOptions, "socket">, DeadlineOptions {}

/** What to wait for, and how long. */
export interface ChannelReadyOptions extends ReadyOptions {
  /**
   * Whether to wait until the server reports itself as SERVING by `grpc.health.v1`; with a service's full name,
   * `package.Service`, until it reports that service so. Default: false, which waits only for the connection.
   */
  readonly healthy?: boolean | string | undefined;
}

/** A channel, gRPC's term for a connection to a server that is established when needed. Clients are created from it. */
export interface Channel extends AsyncDisposable {
  /** The transport of this channel, for Connect's own `createClient()`. */
  readonly transport: IpcTransport;
  /**
   * Creates a typed client with the interface of `createClient(service, channel.transport)`. It is faster, and leaving
   * the loop over a stream by `break` ends the call, which Connect's clients do not pass on.
   */
  client<T extends DescService>(service: T): Client<T>;
  /** The connectivity state of the channel now. */
  readonly state: ChannelState;
  /**
   * The server's credentials, as the kernel reports them; undefined before the first connection, and where it does not
   * report them.
   */
  readonly peer: PeerCredentials | undefined;
  /**
   * Waits until the server is reachable, or until it is healthy, and keeps trying until then.
   *
   * @throws {ConnectError} Unavailable if the server is not reachable or healthy in time, DeadlineExceeded if it does
   *   not answer, PermissionDenied at once if its socket is not trusted, Unimplemented if it does not provide
   *   `grpc.health.v1`, Canceled if the signal is aborted or the channel is closed.
   */
  ready(options?: ChannelReadyOptions): Promise<void>;
  /**
   * Returns the counts so far. Calls are timed only from the first request of statistics on, since timing has a small
   * cost.
   */
  stats(): ChannelStats;
  /** Closes the channel. Calls in flight and later calls fail with Canceled. */
  close(): Promise<void>;
}

/**
 * Creates a channel to the server at an address. It connects at the first call or `ready()`.
 *
 * Every unary call has a deadline: its own `timeoutMs`, or that of the channel (5 s by default).
 *
 * @throws {AddressError} for an invalid address.
 * @throws {RangeError | TypeError} for invalid options.
 */
export function createChannel(socket: string, options: ChannelOptions = {}): Channel {
  const transport = createLimitedTransport({ ...options, socket }, options);
  const close = () => transport.close();
  return {
    transport,
    client: (service) => createIpcClient(service, transport),
    get state() {
      return transport.state;
    },
    get peer() {
      return transport.peer;
    },
    async ready({ healthy = false, ...readyOptions } = {}) {
      if (healthy === false) {
        return transport.ready(readyOptions);
      }
      const { untilHealthy } = await import("../services/health/until-healthy.js");
      const service = healthy === true ? "" : healthy;
      return untilHealthy(transport, shownAddress(resolveSocket(socket)), service, readyOptions);
    },
    stats: () => transport.stats(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
