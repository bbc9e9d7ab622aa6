import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { afterReading } from "../../../time/after-reading.js";
import type { Caller } from "../../caller.js";
import type { NodeHandler } from "./handler.js";

/** Serves HTTP/1.1 on connections that were accepted elsewhere, for curl and for clients of Connect and gRPC-Web. */
export interface Http1 {
  /** Takes a connection. Calls `onBegun` when the headers of the first request are complete. */
  accept(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  drain(): void;
}

/** How long a kept-alive connection may wait for its next request, in milliseconds: Node.js' default. */
const keepAliveMs = 5_000;

/**
 * @param headersMs how long headers may take from the end of the previous request, in milliseconds:
 *   `ServeOptions.handshakeTimeoutMs`
 * @param bodyMs how long the body of a single message may take, in milliseconds: `ServeOptions.requestTimeoutMs`
 */
export function createHttp1(handle: NodeHandler, headersMs: number, bodyMs: number): Http1 {
  const connections = new WeakMap<Socket, { readonly caller: Caller; readonly onBegun: () => void }>();
  // Node.js does not track the connections of a server that does not listen: its closeIdleConnections() closes none,
  // and its timeouts for headers and requests do not apply.
  /** The connections that wait for their next request, each with the function that stops its timer. */
  const idle = new Map<Socket, () => void>();
  let isDraining = false;
  // The client is told this time, and has as much again for a request that it sends at the last moment.
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

  /** Makes the connection wait for its next request; ends it while the server drains. */
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
