import type { Socket } from "node:net";
import { sniffProtocol } from "@vyra/http2";
import { credentialsOf, type PeerCredentials } from "../../address/index.js";
import type { Caller } from "../caller.js";
import type { ServerEngine } from "./engine.js";
import { type ConnectionLimits, type PendingConnection, PendingConnections } from "./pending-connections.js";

/** The connections of a server: passes each to the engine by its protocol, and keeps track of them. */
export interface Connections {
  /** The number of connections that are open, and below it of all that were accepted. */
  readonly open: number;
  readonly accepted: number;
  /** Takes an accepted connection of which nothing has been read. */
  accept(socket: Socket): void;
  /**
   * Gives up a connection of which nothing has been read, so that another process can serve it; undefined if there is
   * none.
   */
  takeUnread(): Socket | undefined;
  /** Forgets a connection that something else has taken over. */
  forget(socket: Socket): void;
  /** Resolves when no connection is left. Closes connections whose protocol is not known yet. */
  drained(): Promise<void>;
  /** Ends the remaining connections. */
  destroy(): void;
}

export function createConnections(
  engine: ServerEngine,
  limits: ConnectionLimits,
  admit: (peer: PeerCredentials | undefined) => Caller | Promise<Caller>,
  /** Receives a connection that does not speak HTTP/2. Returns whether it has taken it over. */
  onOther: (socket: Socket, head: Buffer) => boolean,
  /** Called when a connection has ended. */
  onEnd: () => void,
): Connections {
  const pendingConnections = new PendingConnections(limits);
  /** All connections that have not ended, each with its state while it is pending or refused. */
  const connections = new Map<Socket, PendingConnection | undefined>();
  /** The connections whose protocol is not known yet. */
  const silent = new Set<Socket>();
  let accepted = 0;
  let onEmpty: (() => void) | undefined;

  /** Continues with a connection once its caller is known: at once if it is known already. */
  function whenKnown(caller: Caller | Promise<Caller>, socket: Socket, accept: (caller: Caller) => void): void {
    if (!(caller instanceof Promise)) {
      accept(caller);
      return;
    }
    socket.pause();
    void caller.then((known) => {
      if (!socket.destroyed) {
        accept(known);
      }
    });
  }

  function forget(socket: Socket): void {
    silent.delete(socket);
    connections.get(socket)?.leave();
    if (connections.delete(socket) && connections.size === 0) {
      onEmpty?.();
    }
  }

  return {
    get open() {
      return connections.size;
    },
    get accepted() {
      return accepted;
    },
    accept(socket) {
      accepted++;
      // Without a listener an error of the socket would end the process. "close" follows in any case.
      socket.on("error", () => {});
      socket.once("close", () => {
        forget(socket);
        onEnd();
      });
      const peer = credentialsOf(socket);
      const pendingConnection = pendingConnections.admit(socket, peer?.uid);
      connections.set(socket, pendingConnection);
      if (pendingConnection === undefined) {
        return;
      }
      silent.add(socket);
      const caller = admit(peer);
      const refuseIfNeeded = ({ refusal }: Caller) => refusal && pendingConnection.refuse();
      if (caller instanceof Promise) {
        void caller.then(refuseIfNeeded);
      } else {
        refuseIfNeeded(caller);
      }
      const onBegun = () => pendingConnection.enter();
      sniffProtocol(socket, {
        onHttp2(_, head) {
          silent.delete(socket);
          whenKnown(caller, socket, (known) => engine.accept(socket, head, known, onBegun));
        },
        onOther(_, head) {
          silent.delete(socket);
          if (onOther(socket, head)) {
            onBegun();
          } else {
            whenKnown(caller, socket, (known) => engine.acceptHttp1(socket, head, known, onBegun));
          }
        },
      });
    },
    takeUnread() {
      for (const socket of silent) {
        if (socket.bytesRead === 0 && !socket.destroyed) {
          forget(socket);
          return socket;
        }
      }
      return undefined;
    },
    forget,
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
      for (const socket of connections.keys()) {
        socket.destroy();
      }
    },
  };
}
