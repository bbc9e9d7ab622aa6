import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterReading } from "../grpc/index.js";
import type { Caller } from "./caller.js";
import { type Http1Connection, type Http1Limits, Http1Memory } from "./http1-memory.js";
import type { NodeHandler } from "./node-handler.js";

/** HTTP/1.1 on connections that somebody else accepted: curl, and Connect's and gRPC-Web's clients. */
export interface Http1 {
  /** Calls `onBegun` when the first request's headers are whole. */
  accept(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  drain(): void;
}

/** For how long a connection that is kept alive may wait for its next request, in milliseconds: Node.js' default. */
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
 * @param headersMs how long headers may take, from the end of the request before them on: `ServeOptions.handshakeTimeoutMs`
 */
export function createHttp1(handle: NodeHandler, headersMs: number, limits: Http1Limits): Http1 {
  const memory = new Http1Memory(limits);
  const connections = new WeakMap<Socket, Connection>();
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

  /** Has the first of a connection's requests answered, and then the next: Node.js would have all of them answered at once. */
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
    const isWhole = afterReading(limits.requestTimeoutMs, () => req.socket.destroy());
    req.once("end", isWhole);
    req.once("close", isWhole);
  }
}
