import net from "node:net";

/** A TCP port that leads to a Unix socket, for programs that can connect to TCP only. */
export interface Relay {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Relays each connection to the port faithfully: bytes pass both ways in order and no faster than they are read, the
 * end of one direction is passed on as the end of that direction, and a reset as a reset. So a program behaves through
 * the relay as it would directly.
 */
export async function relayTo(path: string): Promise<Relay> {
  const sockets = new Set<net.Socket>();
  const listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (outer) => {
    const inner = net.connect({ path, allowHalfOpen: true });
    for (const socket of [outer, inner]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    carry(outer, inner);
    carry(inner, outer);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    port: (listener.address() as net.AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function carry(from: net.Socket, to: net.Socket): void {
  from.on("data", (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
  from.on("error", () => reset(to));
  // A connection that closes before both directions have ended counts as reset.
  from.on("close", () => {
    if (!from.readableEnded) reset(to);
  });
}

/**
 * Unix sockets have no reset of their own. One that is closed while bytes are unread resets the other end; otherwise
 * the other end just sees the end.
 */
function reset(socket: net.Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
