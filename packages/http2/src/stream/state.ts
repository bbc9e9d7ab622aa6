/**
 * The states of a stream (RFC 9113 §5.1) and every transition between them. An idle stream has no object, and neither push
 * nor its reserved states exist here:
 *
 *                 HEADERS
 *      idle ------------------> OPEN
 *                              /    \
 *        END_STREAM received  /      \  END_STREAM sent
 *                            v        v
 *           HALF_CLOSED_REMOTE        HALF_CLOSED_LOCAL
 *                            \        /
 *            END_STREAM sent  \      /  END_STREAM received
 *                              v    v
 *                              CLOSED <---- RST_STREAM either way, or the connection's end, from any state
 */
export const StreamState = {
  OPEN: 0,
  /** we have sent our END_STREAM */
  HALF_CLOSED_LOCAL: 1,
  /** the peer has sent its END_STREAM */
  HALF_CLOSED_REMOTE: 2,
  CLOSED: 3,
} as const;
export type StreamState = (typeof StreamState)[keyof typeof StreamState];

export function afterEndSent(state: StreamState): StreamState {
  return state === StreamState.OPEN ? StreamState.HALF_CLOSED_LOCAL : StreamState.CLOSED;
}

export function afterEndReceived(state: StreamState): StreamState {
  return state === StreamState.OPEN ? StreamState.HALF_CLOSED_REMOTE : StreamState.CLOSED;
}

export function mayReceive(state: StreamState): boolean {
  return state === StreamState.OPEN || state === StreamState.HALF_CLOSED_LOCAL;
}

export function maySend(state: StreamState): boolean {
  return state === StreamState.OPEN || state === StreamState.HALF_CLOSED_REMOTE;
}

/** How far a message has come, in one direction: HEADERS, then DATA, then perhaps trailers (RFC 9113 §8.1). */
export const MessagePhase = {
  /** no final HEADERS yet; for a response there may be informational ones */
  BEFORE_HEADERS: 0,
  /** HEADERS are through: DATA or trailers may follow */
  BODY: 1,
  /** END_STREAM is through, or waits at the end of queued data */
  ENDED: 2,
} as const;
export type MessagePhase = (typeof MessagePhase)[keyof typeof MessagePhase];
