import type { Socket } from "node:net";

/**
 * What the primary and its workers say to each other:
 *
 * ```
 * worker    ready                I serve
 * primary   connection  +socket  serve this one; I keep it open until you say
 * worker    taken                I have it, and now begin to read: it is mine to lose
 * worker    ended                one of my connections is over
 * worker    leaving              I have been told to end: give me no more
 * primary   drain                you get no more: end your calls, and yourself
 * worker    returned    +socket  it had not said a word: give it to another
 * primary   received             I have it
 * worker    takeover    +socket  somebody asks for the name
 * ```
 *
 * A channel keeps the order, so that who gets `drain` has got all its connections, and `taken` needs no number.
 */
export type FromPrimary = "connection" | "drain" | "received";
export type FromWorker = "ready" | "taken" | "ended" | "leaving" | "returned" | "takeover";

/** Sets these messages apart from those that the user's own code sends. */
const key = "@vyra/ipc";

export function toMessage(text: FromPrimary | FromWorker): { [key]: string } {
  return { [key]: text };
}

/** What a message says, if it is one of ours. */
export function fromMessage<T extends FromPrimary | FromWorker>(message: unknown): T | undefined {
  return typeof message === "object" && message !== null ? ((message as { [key]?: T })[key] ?? undefined) : undefined;
}

/**
 * Sees that this process reads nothing of a socket that goes to another, or what it read would be lost. Node.js does so itself
 * only for those that a listener with `pauseOnConnect` accepted; there is no public way for others.
 */
export function stopReading(socket: Socket): void {
  const { _handle: handle } = socket as Socket & { _handle?: { reading: boolean; readStop(): void } | null };
  if (handle) {
    handle.reading = false;
    handle.readStop();
  }
}
