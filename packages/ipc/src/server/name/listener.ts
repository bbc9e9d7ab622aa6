import { createServer, type Server, type ServerOpts, type Socket } from "node:net";
import { nextTurn } from "../../time/real-timers.js";

/** Accepts connections, at one address after another. */
export interface Listener {
  /**
   * Listens where `bind` binds a server, then stops listening at the previous address. If `bind` fails, nothing
   * changes.
   */
  listen<T>(bind: (server: Server) => Promise<T>): Promise<T>;
  /** Accepts what waits in the kernel's queue, then stops listening. */
  stop(): Promise<void>;
}

export function createListener(onConnection: (socket: Socket) => void, options: ServerOpts = {}): Listener {
  let accepted = 0;
  let current: Server | undefined;

  /**
   * Empties the queue of a listener before closing it, since closing resets the connections that wait to be accepted.
   * The kernel delivers at least one a turn, so a turn without any means that the queue is empty. Two turns are needed,
   * because the first may have begun before the name was given up.
   */
  async function retire(server: Server | undefined): Promise<void> {
    let before: number;
    do {
      before = accepted;
      await nextTurn();
      await nextTurn();
    } while (accepted > before);
    server?.close();
  }

  return {
    async listen(bind) {
      const server = createServer(options, (socket) => {
        accepted++;
        onConnection(socket);
      });
      const bound = await bind(server);
      const previous = current;
      current = server;
      await retire(previous);
      return bound;
    },
    stop: () => retire(current),
  };
}
