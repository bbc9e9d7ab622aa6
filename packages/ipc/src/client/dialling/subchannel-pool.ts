import type { PeerCredentials, SocketAddress } from "../../address/index.js";
import { shown } from "../../option-checks.js";
import type { ChannelState, ReadyOptions, Session, SessionSource } from "./session.js";
import { Subchannel } from "./subchannel.js";

/** As many connections to one server as asked for. */
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
 * Several connections, whose calls take turns: with several processes behind one name, each connection is one of theirs.
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

  /** The best of what its connections are in. */
  get state(): ChannelState {
    const states = new Set(this.#connections.map((connection) => connection.state));
    return byMerit.find((state) => states.has(state)) ?? "idle";
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

  /** Waits until each of them is there. */
  async ready(options?: ReadyOptions): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.ready(options)));
  }

  close(): void {
    for (const connection of this.#connections) {
      connection.close();
    }
  }
}

const byMerit: readonly ChannelState[] = ["ready", "connecting", "idle", "transient_failure", "shutdown"];
