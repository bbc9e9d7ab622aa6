import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { afterReading } from "../../../time/after-reading.js";
import type { Caller } from "../../caller.js";
import type { NodeHandler } from "./handler.js";

/** HTTP/1.1 on connections that somebody else accepted: curl, and Connect's and gRPC-Web's clients. */
export interface Http1 {
  /** Calls `onBegun` when the first request's headers are whole. */
  accept(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  drain(): void;
}

/** For how long a connection that is kept alive may wait for its next request, in milliseconds: Node.js' default. */
const keepAliveMs = 5_000;

/**
 * @param headersMs how long headers may take, from the end of the request before them on: `ServeOptions.handshakeTimeoutMs`
 * @param bodyMs how long a body may take that is one message: `ServeOptions.requestTimeoutMs`
 */
export function createHttp1(handle: NodeHandler, headersMs: number, bodyMs: number): Http1 {
  const connections = new WeakMap<Socket, { readonly caller: Caller; readonly onBegun: () => void }>();
  // Node.js keeps no account of the connections of a server that does not listen: its closeIdleConnections() closes none, and its
  // limits for headers and requests hold none.
  /** Those that wait for their next request, each with what stops its clock. */
  const idle = new Map<Socket, () => void>();
  let isDraining = false;
  // The client is told when the connection will be closed, and has as much time again for a request that it sends at the last moment.
  const server = createServer({ keepAliveTimeout: Math.min(keepAliveMs, headersMs / 2) }, (req, res) => {
    const { socket } = req;
    idle.get(socket)?.();
    idle.delete(socket);
    const connection = connections.get(socket);
    connection?.onBegun();
    res.once("close", () => release(socket));
    if (handle(req, res, connection?.caller) === "whole request") {
      limitBody(req);
    }
  });
  return {
    accept(socket, head, caller, onBegun) {
      connections.set(socket, { caller, onBegun });
      socket.once("close", () => {
        idle.get(socket)?.();
        idle.delete(socket);
      });
      socket.unshift(head);
      server.emit("connection", socket);
      socket.resume();
    },
    drain() {
      isDraining = true;
      for (const socket of idle.keys()) {
        release(socket);
      }
    },
  };

  /** The connection waits for its next request; there will be none while the server drains. */
  function release(socket: Socket): void {
    idle.get(socket)?.();
    if (isDraining) {
      socket.destroySoon();
    } else if (!socket.destroyed) {
      idle.set(
        socket,
        afterReading(headersMs, () => socket.destroy()),
      );
    }
  }

  function limitBody(req: IncomingMessage): void {
    const isWhole = afterReading(bodyMs, () => req.socket.destroy());
    req.once("end", isWhole);
    req.once("close", isWhole);
  }
}
