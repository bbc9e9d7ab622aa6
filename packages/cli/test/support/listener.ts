import type { Http2Server } from "node:http2";
import type { Server as NetServer, Socket } from "node:net";

/** Lets any server listen at this path during an action. */
export async function withListener<T>(
  server: NetServer | Http2Server,
  path: string,
  body: (path: string) => Promise<T>,
) {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen({ path }, resolve));
  try {
    return await body(path);
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => server.close(resolve));
  }
}
