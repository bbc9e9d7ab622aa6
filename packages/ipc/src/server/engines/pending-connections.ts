import type { Socket } from "node:net";
import { afterReading } from "../../time/after-reading.js";

/** How long a connection may be nobody's call, and how many may be so. */
export interface ConnectionLimits {
  readonly handshakeTimeoutMs: number;
  readonly maxPendingConnections: number;
  readonly maxRefusedConnections: number;
}

/** A connection at the door. */
export interface PendingConnection {
  /** The peer has begun to speak, and may call: the connection stays for as long as it likes. */
  enter(): void;
  /** The peer may not call: the connection gets an answer to each call until its time is over. */
  refuse(): void;
  /** The connection has ended, or somebody else has it. */
  leave(): void;
}

/**
 * Where connections are until they have begun, and refused ones for good. Each has `handshakeTimeoutMs` from the moment that it was
 * accepted; then it is closed. Of each user so many may wait, and of all refused ones together so many may stay: the next is closed
 * at once. So nobody can take all descriptors of the process who may not call, and no user takes another's place.
 */
export class PendingConnections {
  readonly #limits: ConnectionLimits;
  readonly #pendingOf = new Map<number | undefined, number>();
  #refused = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** @returns undefined where there is no room: the connection has been closed. */
  admit(socket: Socket, uid: number | undefined): PendingConnection | undefined {
    const pending = this.#pendingOf.get(uid) ?? 0;
    if (pending >= this.#limits.maxPendingConnections) {
      socket.destroy();
      return undefined;
    }
    this.#pendingOf.set(uid, pending + 1);
    let state: "pending" | "refused" | "gone" = "pending";
    const { handshakeTimeoutMs } = this.#limits;
    const stopClock = afterReading(handshakeTimeoutMs, () => socket.destroy());
    const leave = () => {
      if (state === "pending") {
        this.#forgetPending(uid);
      } else if (state === "refused") {
        this.#refused--;
      }
      state = "gone";
      stopClock();
    };
    return {
      enter() {
        if (state === "pending") {
          leave();
        }
      },
      refuse: () => {
        if (state !== "pending") {
          return;
        }
        this.#forgetPending(uid);
        this.#refused++;
        state = "refused";
        if (this.#refused > this.#limits.maxRefusedConnections) {
          socket.destroy();
        }
      },
      leave,
    };
  }

  #forgetPending(uid: number | undefined): void {
    const left = (this.#pendingOf.get(uid) ?? 0) - 1;
    if (left > 0) {
      this.#pendingOf.set(uid, left);
    } else {
      this.#pendingOf.delete(uid);
    }
  }
}
