/**
 * The state of a stream (RFC 9113 §5.1) in one number: what has happened on it so far, as bits that are set and never
 * cleared. An idle stream has no object, and since there is no push, the reserved states do not exist here:
 *
 *                 HEADERS
 *      idle ------------------> open
 *                              /    \
 *            END_RECEIVED     /      \     END_SENT
 *                            v        v
 *         half-closed (remote)        half-closed (local)
 *                            \        /
 *                  END_SENT   \      /   END_RECEIVED
 *                              v    v
 *                              closed <---- RST_STREAM either way, or the end of the connection, from any state
 *
 * Within each direction, a message is HEADERS, then DATA, then perhaps trailers (RFC 9113 §8.1).
 */
export const StreamState = {
  OPEN: 0,
  /** Our HEADERS have been written; of a response, the final ones. DATA or trailers may follow. */
  HEADERS_SENT: 1,
  /** The end of our message has been written, or waits behind queued DATA. Nothing may be added to the message. */
  END_QUEUED: 2,
  /** Our END_STREAM has been written. */
  END_SENT: 4,
  /** The peer's HEADERS have been received; of a response, the final ones. */
  HEADERS_RECEIVED: 8,
  /** The peer's END_STREAM has been received. */
  END_RECEIVED: 16,
  /** Both messages are complete, or the stream has been reset, or the connection is over. */
  CLOSED: 32,
} as const;

const { HEADERS_SENT, END_QUEUED, END_SENT, HEADERS_RECEIVED, END_RECEIVED, CLOSED } = StreamState;

/** Returns the state after our END_STREAM has been written. */
export function afterEndSent(state: number): number {
  return (state & END_RECEIVED) === 0 ? state | END_QUEUED | END_SENT : state | END_QUEUED | END_SENT | CLOSED;
}

/** Returns the state after the peer's END_STREAM has been received. */
export function afterEndReceived(state: number): number {
  return (state & END_SENT) === 0 ? state | END_RECEIVED : state | END_RECEIVED | CLOSED;
}

export function isClosed(state: number): boolean {
  return (state & CLOSED) !== 0;
}

export function maySendHeaders(state: number): boolean {
  return (state & (HEADERS_SENT | END_QUEUED)) === 0;
}

/** Whether DATA or trailers may be sent. */
export function maySendBody(state: number): boolean {
  return (state & (HEADERS_SENT | END_QUEUED | CLOSED)) === HEADERS_SENT;
}

/** Whether anything more of the peer's message may come. */
export function mayReceive(state: number): boolean {
  return (state & (END_RECEIVED | CLOSED)) === 0;
}

export function areHeadersReceived(state: number): boolean {
  return (state & HEADERS_RECEIVED) !== 0;
}
