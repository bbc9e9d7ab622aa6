import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterReading } from "../../../time/after-reading.js";
import type { Caller } from "../../caller.js";
import type { NodeHandler } from "./handler.js";
import { type Http1Connection, type Http1Limits, Http1Memory } from "./http1-memory.js";

/** Serves HTTP/1.1 on connections that were accepted elsewhere, for curl and for clients of Connect and gRPC-Web. */
export interface Http1 {
  /** Takes a connection. Calls `onBegun` when the headers of the first request are complete. */
  accept(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  drain(): void;
}

/** How long a kept-alive connection may wait for its next request, in milliseconds: Node.js' default. */
const keepAliveMs = 5_000;

/** How many requests may come before the one that is being answered has its answer, and what each costs that waits for its turn. */
const maxPipelined = 128;
const pipelinedBytes = 4_096;

interface Connection {
  readonly caller: Caller;
  readonly onBegun: () => void;
  readonly held: Http1Connection;
  /** Those that have come and not been answered; the first is being answered. */
  readonly requests: (readonly [IncomingMessage, ServerResponse])[];
}

/**
 * @param headersMs how long headers may take from the end of the previous request, in milliseconds:
 *   `ServeOptions.handshakeTimeoutMs`
 */
export function createHttp1(handle: NodeHandler, headersMs: number, limits: Http1Limits): Http1 {
  const memory = new Http1Memory(limits);
  const connections = new WeakMap<Socket, Connection>();
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
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    const { requests, held } = connection;
    connection.onBegun();
    requests.push([req, res]);
    if (requests.length === 1) {
      serve(connection, socket);
    } else if (requests.length <= maxPipelined) {
      held.account.unread(pipelinedBytes);
    } else {
      socket.destroy();
    }
  });
  return {
    accept(socket, head, caller, onBegun) {
      connections.set(socket, { caller, onBegun, held: memory.connection(socket), requests: [] });
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

  /** Answers the first of a connection's requests, and then the next: Node.js would handle all of them at once. */
  function serve(connection: Connection, socket: Socket): void {
    const [first] = connection.requests;
    if (first === undefined) {
      release(socket);
      return;
    }
    const [req, res] = first;
    res.once("close", () => {
      connection.requests.shift();
      if (connection.requests.length > 0) {
        connection.held.account.unread(-pipelinedBytes);
      }
      serve(connection, socket);
    });
    if (!socket.destroyed && handle(req, res, connection.caller, connection.held) === "whole request") {
      limitBody(req);
    }
  }

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
    const isWhole = afterReading(limits.requestTimeoutMs, () => req.socket.destroy());
    req.once("end", isWhole);
    req.once("close", isWhole);
  }
}
