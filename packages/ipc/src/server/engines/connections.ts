import type { Socket } from "node:net";
import { sniffProtocol } from "@vyra/http2";
import { credentialsOf, type PeerCredentials } from "../../address/index.js";
import type { Caller } from "../caller.js";
import type { ServerEngine } from "./engine.js";
import { type ConnectionLimits, type PendingConnection, PendingConnections } from "./pending-connections.js";

/** The connections of a server: hands each to the engine by what it speaks, and knows which are left. */
export interface Connections {
  /** How many there are now, and have been. */
  readonly open: number;
  readonly accepted: number;
  /** Takes a connection that somebody accepted, and of which nothing has been read. */
  accept(socket: Socket): void;
  /** Gives up a connection that has not said a word, for somebody else to serve; undefined if there is none. */
  takeUnread(): Socket | undefined;
  /** Forgets a connection that somebody else has now. */
  forget(socket: Socket): void;
  /** Resolves when no connection is left. Connections that have not said a word are closed. */
  drained(): Promise<void>;
  /** Ends the connections that are left. */
  destroy(): void;
}

export function createConnections(
  engine: ServerEngine,
  limits: ConnectionLimits,
  admit: (peer: PeerCredentials | undefined) => Caller | Promise<Caller>,
  /** Gets a connection that speaks no HTTP/2. Returns whether it took it. */
  onOther: (socket: Socket, head: Buffer) => boolean,
  /** Called when one has ended. */
  onEnd: () => void,
): Connections {
  const pendingConnections = new PendingConnections(limits);
  /** Each until it has ended; what it is at the door, where it is not yet in. */
  const connections = new Map<Socket, PendingConnection | undefined>();
  /** Those that have not yet said what they speak. */
  const silent = new Set<Socket>();
  let accepted = 0;
  let onEmpty: (() => void) | undefined;

  /** Goes on with a connection once it is known who it is, at once if it is. */
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
      // Without a listener an error of the socket would end the process; it is followed by "close" in any case.
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
