import type { Socket } from "node:net";

/**
 * The messages between the primary and its workers:
 *
 * ```
 * worker    ready                the worker serves
 * primary   connection  +socket  serve this connection; the primary keeps it open until `taken`
 * worker    taken                the worker has it, and now begins to read: if it is lost, then with the worker
 * worker    ended                one of the worker's connections has ended
 * worker    leaving              the worker was told to end: send it no more connections
 * primary   drain                no more connections will come: finish the calls, then end
 * worker    returned    +socket  nothing has been read of this connection: give it to another worker
 * primary   received             the primary has it
 * worker    takeover    +socket  the peer of this connection asks for the name
 * ```
 *
 * The channel preserves their order. Therefore a worker that gets `drain` has received all of its connections, and
 * `taken` needs no number.
 */
export type FromPrimary = "connection" | "drain" | "received";
export type FromWorker = "ready" | "taken" | "ended" | "leaving" | "returned" | "takeover";

/** The property that distinguishes these messages from those of the user's own code. */
const key = "@vyra/ipc";

export function toMessage(text: FromPrimary | FromWorker): { [key]: string } {
  return { [key]: text };
}

/** Returns the text of a message; undefined if it is not one of these. */
export function fromMessage<T extends FromPrimary | FromWorker>(message: unknown): T | undefined {
  return typeof message === "object" && message !== null ? ((message as { [key]?: T })[key] ?? undefined) : undefined;
}

/**
 * Ensures that this process reads nothing of a socket that is passed to another process, since what it reads would be
 * lost. Node.js does so itself only for sockets that a listener with `pauseOnConnect` accepted, and has no public way
 * for others.
 */
export function stopReading(socket: Socket): void {
  const { _handle: handle } = socket as Socket & { _handle?: { reading: boolean; readStop(): void } | null };
  if (handle) {
    handle.reading = false;
    handle.readStop();
  }
}
