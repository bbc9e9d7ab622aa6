import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { type PeerCredentials, resolveSocket, shownAddress } from "../address/index.js";
import type { DeadlineOptions } from "../interceptors/deadline.js";
import { createIpcClient } from "./client.js";
import type { ChannelState, ReadyOptions } from "./dialling/session.js";
import type { ChannelStats, IpcTransport, IpcTransportOptions } from "./options.js";
import { createLimitedTransport } from "./transport.js";

/** A transport's options, and `deadline()`'s. */
export interface ChannelOptions extends Omit<IpcTransportOptions, "socket">, DeadlineOptions {}

/** What to wait for, and for how long. */
export interface ChannelReadyOptions extends ReadyOptions {
  /**
   * Waits until the server says by `grpc.health.v1` that it is SERVING; with a service's full name, `package.Service`, that
   * this service is. Default: false, to be there is enough.
   */
  readonly healthy?: boolean | string | undefined;
}

/** gRPC's word for the way to a server: what clients are made from. */
export interface Channel extends AsyncDisposable {
  /** For Connect's own `createClient()`. */
  readonly transport: IpcTransport;
  /**
   * A typed client, as `createClient(service, channel.transport)` gives it, but faster; and leaving a stream's loop by
   * `break` ends the call, which Connect's clients do not tell.
   */
  client<T extends DescService>(service: T): Client<T>;
  /** The connection's state now. */
  readonly state: ChannelState;
  /** Who serves, as the kernel says; undefined before the first connection, and where it cannot tell. */
  readonly peer: PeerCredentials | undefined;
  /** Waits until the server is there, or until it is healthy; tries again until then. */
  ready(options?: ChannelReadyOptions): Promise<void>;
  /** What has been counted until now. To look for the first time has calls timed from then on, which costs each a little. */
  stats(): ChannelStats;
  /** Ends the connection, and calls in flight with Canceled. Later calls fail with Canceled. */
  close(): Promise<void>;
}

/**
 * Creates a channel to the server at an address. Nothing is dialled before the first call or `ready()`.
 *
 * Every unary call has a deadline: its own `timeoutMs`, or the channel's (5 s by default).
 *
 * @throws {AddressError} if the address is none.
 * @throws {RangeError | TypeError} for options that are invalid, and for a user in `trustedUsers` whom /etc/passwd does not name.
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
