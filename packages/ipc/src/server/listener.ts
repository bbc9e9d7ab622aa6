import { createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sniffProtocol } from "@vyra/http2";
import type { ServerEngine } from "./engine.js";

/** Accepts connections and hands each to the engine by what it speaks. */
export interface Listener {
  /** The listening server; it is bound by whoever publishes it. */
  readonly server: Server;
  /** Accepts what waits in the kernel's queue, then stops listening. */
  stop(): Promise<void>;
  /** Resolves when no connection is left. Connections that have not said a word are closed. */
  drained(): Promise<void>;
  /** Ends the connections that are left. */
  destroy(): void;
}

export function createListener(engine: ServerEngine): Listener {
  const connections = new Set<Socket>();
  const silent = new Set<Socket>();
  let accepted = 0;
  let onEmpty: (() => void) | undefined;

  const server = createServer({ noDelay: false }, (socket) => {
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
    sniffProtocol(socket, {
      onHttp2(_, head) {
        silent.delete(socket);
        engine.accept(socket, head);
      },
      onOther(_, head) {
        silent.delete(socket);
        engine.acceptHttp1(socket, head);
      },
    });
  });

  return {
    server,
    async stop() {
      // Closing a listener resets the connections that wait to be accepted. The kernel hands out one or more a turn, so a
      // turn without any means that the queue is empty; two, because the first may have begun before the name was gone.
      let before: number;
      do {
        before = accepted;
        await nextTurn();
        await nextTurn();
      } while (accepted > before);
      server.close();
    },
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
