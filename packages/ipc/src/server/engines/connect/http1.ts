import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterReading } from "../../../time/after-reading.js";
import type { Caller } from "../../caller.js";
import type { NodeHandler } from "./handler.js";
import { type Http1Connection, type Http1Limits, Http1Memory } from "./http1-memory.js";

/** Serves HTTP/1.1 on connections that were accepted elsewhere, for curl and for clients of Connect and gRPC-Web. */
export interface Http1 {
  /**
   * Serves a connection.
   * @param head the bytes that have been read from the socket already
   * @param onBegun called when the headers of a request are complete
   */
  accept(socket: Socket, head: Buffer, caller: Caller, onBegun: () => void): void;
  /** Closes idle connections now, and the others after their requests. */
  drain(): void;
}

/** How long a kept-alive connection may wait for its next request, in milliseconds: Node.js' default. */
const keepAliveMs = 5_000;

/** The maximum number of pipelined requests on a connection, including the one that is being answered. */
const maxPipelined = 128;
/** The memory of a pipelined request that waits for its turn, in bytes. */
const pipelinedBytes = 4_096;

interface Connection {
  readonly caller: Caller;
  readonly onBegun: () => void;
  readonly memory: Http1Connection;
  /** The requests that have not been answered. The first one is being answered. */
  readonly requests: (readonly [IncomingMessage, ServerResponse])[];
}

/**
 * Creates a server for HTTP/1.1.
 *
 * @param headersMs the time from the end of a response to the end of the next request's headers, in milliseconds:
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
  // This time is announced to the client. It has the same time again for a request that it sends at the last moment.
  const server = createServer({ keepAliveTimeout: Math.min(keepAliveMs, headersMs / 2) }, (req, res) => {
    const { socket } = req;
    idle.get(socket)?.();
    idle.delete(socket);
    const connection = connections.get(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    const { requests, memory: held } = connection;
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
      connections.set(socket, { caller, onBegun, memory: memory.connection(socket), requests: [] });
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

  /** Answers the requests of a connection one after another. Node.js would handle pipelined requests all at once. */
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
        connection.memory.account.unread(-pipelinedBytes);
      }
      serve(connection, socket);
    });
    if (!socket.destroyed && handle(req, res, connection.caller, connection.memory) === "whole request") {
      limitBody(req);
    }
  }

  /** Makes a connection wait for its next request, or closes it if the server drains. */
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

  /** Closes the connection if the body of a request has not been received within `requestTimeoutMs`. */
  function limitBody(req: IncomingMessage): void {
    const stopTimer = afterReading(limits.requestTimeoutMs, () => req.socket.destroy());
    req.once("end", stopTimer);
    req.once("close", stopTimer);
  }
}
