import net from "node:net";

/** A TCP port that leads to a Unix socket, for programs that can dial nothing else. */
export interface Relay {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Relays each connection to the port faithfully: bytes both ways in order and no faster than they are read, the end of
 * one direction as the end of that direction, a reset as a reset. So whatever is tested through it meets what it would
 * meet directly.
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
  // After both directions have ended there is nothing left to say; before, it is as good as a reset.
  from.on("close", () => {
    if (!from.readableEnded) reset(to);
  });
}

/** A Unix socket knows no reset of its own: closed with bytes unread, it resets the other end, and else it ends. */
function reset(socket: net.Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
