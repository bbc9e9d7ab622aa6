import { createServer } from "node:http";
import type { Socket } from "node:net";
import type { NodeHandler } from "./node-handler.js";

/** HTTP/1.1 on connections that somebody else accepted: curl, and Connect's and gRPC-Web's clients. */
export function createHttp1(handle: NodeHandler): { accept(socket: Socket, head: Buffer): void; drain(): void } {
  const server = createServer(handle);
  return {
    accept(socket, head) {
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
