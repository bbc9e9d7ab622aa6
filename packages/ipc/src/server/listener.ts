import { createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sniffProtocol } from "@vyra/http2";
import type { Caller } from "./caller.js";
import type { ServerEngine } from "./engine.js";

/** Accepts connections and hands each to the engine by what it speaks. */
export interface Listener {
  /** Listens where `bind` says; where it listened before is then given up. Fails as `bind` does, changing nothing. */
  listen<T>(bind: (server: Server) => Promise<T>): Promise<T>;
  /** Accepts what waits in the kernel's queue, then stops listening. */
  stop(): Promise<void>;
  /** Resolves when no connection is left. Connections that have not said a word are closed. */
  drained(): Promise<void>;
  /** Ends the connections that are left. */
  destroy(): void;
}

export function createListener(
  engine: ServerEngine,
  admit: (socket: Socket) => Caller | Promise<Caller>,
  /** Gets a connection that speaks no HTTP/2. Returns whether it took it. */
  onOther: (socket: Socket, head: Buffer) => boolean,
): Listener {
  const connections = new Set<Socket>();
  const silent = new Set<Socket>();
  let accepted = 0;
  let onEmpty: (() => void) | undefined;

  let current: Server | undefined;

  function onConnection(socket: Socket): void {
    accepted++;
    connections.add(socket);
    silent.add(socket);
    // Without a listener an error of the socket would end the process; it is followed by "close" in any case.
    socket.on("error", () => {});
    socket.once("close", () => {
      connections.delete(socket);
      silent.delete(socket);
      if (connections.size === 0) {
        onEmpty?.();
      }
    });
    const caller = admit(socket);
    sniffProtocol(socket, {
      onHttp2: (_, head) => whenKnown(caller, socket, (known) => engine.accept(socket, head, known)),
      onOther(_, head) {
        if (onOther(socket, head)) {
          silent.delete(socket);
        } else {
          whenKnown(caller, socket, (known) => engine.acceptHttp1(socket, head, known));
        }
      },
    });
  }

  /** Goes on with a connection once it is known who it is, at once if it is. */
  function whenKnown(caller: Caller | Promise<Caller>, socket: Socket, accept: (caller: Caller) => void): void {
    if (!(caller instanceof Promise)) {
      silent.delete(socket);
      accept(caller);
      return;
    }
    socket.pause();
    void caller.then((known) => {
      if (silent.delete(socket)) {
        accept(known);
      }
    });
  }

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
      const server = createServer(onConnection);
      const bound = await bind(server);
      const previous = current;
      current = server;
      await retire(previous);
      return bound;
    },
    stop: () => retire(current),
    drained() {
      for (const socket of silent) {
        socket.destroy();
      }
      return new Promise((resolve) => {
        if (connections.size === 0) {
          resolve();
        } else {
          onEmpty = resolve;
        }
      });
    },
    destroy() {
      for (const socket of connections) {
        socket.destroy();
      }
    },
  };
}
