import {
  type AddressInfo,
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Socket,
} from "node:net";

/** A way for bytes between two addresses of different kinds. */
export interface Relay {
  /** The TCP port it listens at, if it does at one. */
  readonly port: number | undefined;
  /** Stops listening and ends what goes through it. */
  close(): void;
}

/**
 * Passes bytes on between TCP, which is all that the runner speaks, and Unix sockets, which is all that we speak.
 *
 * What one end does the other sees: an end of its data as such, a slow reader by a full pipe, and a connection that is
 * reset as one that is reset (by its end, where the other kind of socket knows no reset).
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

  /** One direction; and the end of both if this end breaks. */
  function join(source: Socket, target: Socket): void {
    open.add(source);
    source.pipe(target); // passes on the end as well
    source.on("error", () => reset(target)); // a vanished peer, or one that reads no more (EPIPE)
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
