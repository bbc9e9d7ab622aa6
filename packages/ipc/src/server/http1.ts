import { createServer } from "node:http";
import type { Socket } from "node:net";
import type { Caller } from "./caller.js";
import type { NodeHandler } from "./node-handler.js";

/** HTTP/1.1 on connections that somebody else accepted: curl, and Connect's and gRPC-Web's clients. */
export interface Http1 {
  accept(socket: Socket, head: Buffer, caller: Caller): void;
  drain(): void;
}

export function createHttp1(handle: NodeHandler): Http1 {
  const callers = new WeakMap<Socket, Caller>();
  // Node.js keeps no account of the connections of a server that does not listen: its closeIdleConnections() closes none.
  const idle = new Set<Socket>();
  let isDraining = false;
  const server = createServer((req, res) => {
    const { socket } = req;
    idle.delete(socket);
    res.once("close", () => release(socket));
    handle(req, res, callers.get(socket));
  });
  return {
    accept(socket, head, caller) {
      callers.set(socket, caller);
      socket.once("close", () => idle.delete(socket));
      socket.unshift(head);
      server.emit("connection", socket);
      socket.resume();
    },
    drain() {
      isDraining = true;
      idle.forEach(release);
    },
  };

  /** The connection waits for its next request; there will be none while the server drains. */
  function release(socket: Socket): void {
    if (isDraining) {
      socket.destroySoon();
    } else if (!socket.destroyed) {
      idle.add(socket);
    }
  }
}
