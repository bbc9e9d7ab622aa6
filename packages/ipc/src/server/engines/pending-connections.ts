import type { Socket } from "node:net";
import { afterReading } from "../../time/after-reading.js";

/** The limits for connections that have not begun or are refused. */
export interface ConnectionLimits {
  readonly handshakeTimeoutMs: number;
  readonly maxPendingConnections: number;
  readonly maxRefusedConnections: number;
}

/** A connection that has not begun or is refused. */
export interface PendingConnection {
  /** Called when the connection has begun and its peer is authorized: it may now stay open for as long as it likes. */
  enter(): void;
  /** Called when the peer is not authorized: its calls get an error until the time is up. */
  refuse(): void;
  /** Called when the connection has ended or something else has taken it over. */
  leave(): void;
}

/**
 * The connections that have not begun, and those of unauthorized peers, which never leave. Each is closed
 * `handshakeTimeoutMs` after it was accepted. The number of pending connections is limited for each user, and that of
 * refused ones in total; connections beyond are closed at once. So peers that may not call cannot use up the
 * descriptors of the process, and no user can take those of another.
 */
export class PendingConnections {
  readonly #limits: ConnectionLimits;
  readonly #pendingOf = new Map<number | undefined, number>();
  #refused = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** @returns undefined if the limit is reached; the connection has been closed then */
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
