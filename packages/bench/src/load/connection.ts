/** What a peer's client in JavaScript can do, for the loads in this folder. A failure of any kind is thrown or rejects. */
export interface Connection {
  /** One request, answered with the same payload. Calls `done` with the answer's size once it is there, whole. */
  call(payload: Uint8Array, done: (bytes: number) => void): void;
  /** A stream with one message sent at the start; each answer is told to `onAnswer`, which says what is next. */
  pingPong?(payload: Uint8Array, onAnswer: () => Next): Promise<void>;
  /** A stream of messages from the server, told to `onMessages` until that returns false. */
  download?(payloadBytes: number, onMessages: (count: number) => boolean): Promise<void>;
  /** A stream of messages to the server as long as there are more; resolves to how many the server has counted. */
  upload?(payload: Uint8Array, hasMore: () => boolean): Promise<number>;
}

/** Send again, wait with the stream open, or end the stream in order. */
export type Next = "send" | "hold" | "end";

/** Ends the program: a failed call makes a measurement worthless. */
export function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
