import { createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
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

// RFC 9113 §3.4: "PRI * HTTP/2.0…". No method of HTTP/1.1 begins with these three bytes.
const preface = Buffer.from("PRI");

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
    sniff(socket, (speaksHttp2) => {
      silent.delete(socket);
      if (speaksHttp2) {
        engine.accept(socket);
      } else {
        engine.acceptHttp1(socket);
      }
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

/** Reads as much of a connection as it takes to tell what it speaks, and puts it back. */
function sniff(socket: Socket, done: (speaksHttp2: boolean) => void): void {
  let head: Buffer = Buffer.alloc(0);
  socket.on("readable", onReadable);

  function onReadable(): void {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      return; // the end, which "close" reports
    }
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const speaksHttp2 = head.subarray(0, preface.length).equals(preface.subarray(0, head.length));
    if (speaksHttp2 && head.length < preface.length) {
      return; // not enough to tell
    }
    socket.off("readable", onReadable);
    socket.unshift(head);
    done(speaksHttp2);
  }
}
