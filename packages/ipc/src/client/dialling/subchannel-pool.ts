import type { PeerCredentials, SocketAddress } from "../../address/index.js";
import { shown } from "../../option-checks.js";
import type { ChannelState, ReadyOptions, Session, SessionSource } from "./session.js";
import { Subchannel } from "./subchannel.js";

/**
 * Creates a source of sessions with this number of connections to one server. @throws {RangeError} for an invalid
 * number
 */
export function createSubchannels<S extends Session>(
  count: number,
  address: SocketAddress,
  open: (stop: AbortSignal) => Promise<S>,
): SessionSource<S> {
  if (!(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`connections must be a whole number of 1 or more, not ${shown(count)}`);
  }
  return count === 1 ? new Subchannel(address, open) : new Pool(count, address, open);
}

/**
 * Several connections whose calls take turns. If several processes serve one name, each of the connections leads to one
 * of them.
 */
class Pool<S extends Session> implements SessionSource<S> {
  readonly #connections: readonly Subchannel<S>[];
  #turn = 0;

  constructor(
    count: number,
    readonly address: SocketAddress,
    open: (stop: AbortSignal) => Promise<S>,
  ) {
    this.#connections = Array.from({ length: count }, () => new Subchannel(address, open));
  }

  /** The best state of its connections. */
  get state(): ChannelState {
    const states = new Set(this.#connections.map((connection) => connection.state));
    return bestFirst.find((state) => states.has(state)) ?? "idle";
  }

  get count(): number {
    return this.#connections.reduce((sum, connection) => sum + connection.count, 0);
  }

  get peer(): PeerCredentials | undefined {
    return this.#connections.map((connection) => connection.peer).find((peer) => peer !== undefined);
  }

  session(): S | Promise<S> {
    this.#turn = (this.#turn + 1) % this.#connections.length;
    return (this.#connections[this.#turn] as Subchannel<S>).session();
  }

  /** Waits until all of the connections are established. */
  async ready(options?: ReadyOptions): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.ready(options)));
  }

  close(): void {
    for (const connection of this.#connections) {
      connection.close();
    }
  }
}

const bestFirst: readonly ChannelState[] = ["ready", "connecting", "idle", "transient_failure", "shutdown"];
