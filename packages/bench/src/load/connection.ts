/**
 * The operations of a peer's client in JavaScript, for the loads in this folder. Any failure is thrown, or rejects the
 * promise.
 */
export interface Connection {
  /**
   * Makes one unary call whose response is the same payload. Calls `done` with the response's size when it is complete.
   */
  call(payload: Uint8Array, done: (bytes: number) => void): void;
  /**
   * Opens a stream and sends one message. `onAnswer` is called for each message received, and returns what to do next.
   */
  pingPong?(payload: Uint8Array, onAnswer: () => Next): Promise<void>;
  /** Reads a stream of messages from the server until `onMessages` returns false. */
  download?(payloadBytes: number, onMessages: (count: number) => boolean): Promise<void>;
  /**
   * Writes a stream of messages to the server while `hasMore` returns true for the number of messages that are to be
   * sent next, by default one; resolves to the number that the server counted.
   */
  upload?(payload: Uint8Array, hasMore: (count?: number) => boolean): Promise<number>;
}

/** Sends another message, waits with the stream open, or ends the stream. */
export type Next = "send" | "hold" | "end";

/** Ends the program, since a failed call makes a measurement worthless. */
export function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
