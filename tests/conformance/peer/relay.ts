import {
  type AddressInfo,
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Socket,
} from "node:net";

/** A relay between two addresses of different kinds. */
export interface Relay {
  /** The TCP port at which it listens, if it does. */
  readonly port: number | undefined;
  /** Stops listening, and closes all relayed connections. */
  close(): void;
}

/**
 * Relays bytes between TCP, which is all that the runner supports, and Unix sockets, which is all that @vyra/ipc
 * supports.
 *
 * Each end sees what the other does: the end of its data, backpressure from a slow reader, and a reset connection as a
 * reset, or as an end where that kind of socket has no reset.
 */
export async function relay(from: ListenOptions, to: NetConnectOpts): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ ...to, allowHalfOpen: true, noDelay: true });
    join(client, upstream);
    join(upstream, client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(from, resolve);
  });
  const address = server.address();
  return {
    port: isTcp(address) ? address.port : undefined,
    close() {
      server.close();
      for (const socket of open) {
        socket.destroy();
      }
    },
  };

  /** Relays one direction. If this end breaks, both ends are closed. */
  function join(source: Socket, target: Socket): void {
    open.add(source);
    source.pipe(target); // this passes on the end as well
    source.on("error", () => reset(target)); // the peer has vanished, or no longer reads (EPIPE)
    source.once("close", () => open.delete(source));
  }
}

function reset(socket: Socket): void {
  if (isTcp(socket.address())) {
    socket.resetAndDestroy();
  } else {
    socket.destroy();
  }
}

function isTcp(address: object | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null && "port" in address;
}
