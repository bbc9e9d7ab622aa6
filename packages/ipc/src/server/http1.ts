import { createServer } from "node:http";
import type { Socket } from "node:net";
import type { Caller } from "./caller.js";
import type { NodeHandler } from "./node-handler.js";

/** HTTP/1.1 on connections that somebody else accepted: curl, and Connect's and gRPC-Web's clients. */
export function createHttp1(handle: NodeHandler): {
  accept(socket: Socket, head: Buffer, caller: Caller): void;
  drain(): void;
} {
  const callers = new WeakMap<Socket, Caller>();
  const server = createServer((req, res) => handle(req, res, callers.get(req.socket)));
  return {
    accept(socket, head, caller) {
      callers.set(socket, caller);
      socket.unshift(head);
      server.emit("connection", socket);
      socket.resume();
    },
    drain() {
      server.closeIdleConnections();
      server.keepAliveTimeout = 1; // those that are busy close when they have answered
    },
  };
}
