import { createServer, type Server, type ServerOpts, type Socket } from "node:net";
import { nextTurn } from "../../time/real-timers.js";

/** Accepts connections, at one place after the other. */
export interface Listener {
  /** Listens where `bind` says; where it listened before is then given up. Fails as `bind` does, changing nothing. */
  listen<T>(bind: (server: Server) => Promise<T>): Promise<T>;
  /** Accepts what waits in the kernel's queue, then stops listening. */
  stop(): Promise<void>;
}

export function createListener(onConnection: (socket: Socket) => void, options: ServerOpts = {}): Listener {
  let accepted = 0;
  let current: Server | undefined;

  /**
   * Closing a listener resets the connections that wait to be accepted. The kernel hands out one or more a turn, so a turn
   * without any means that the queue is empty; two, because the first may have begun before the name was gone.
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
