import type { GoAway } from "../frame/goaway.js";
import type { FieldSection } from "../receive/field-section.js";

/** What differs between client and server. */
export interface ConnectionRole {
  readonly isServer: boolean;
  /** The highest stream of the peer that we have acted on, for GOAWAY: 0 for a client, since there is no push. */
  readonly lastPeerStreamId: number;
  /** The highest stream we have opened: 0 for a server. */
  readonly lastOwnStreamId: number;
  /** Whether a stream that is not open has never been. */
  isIdle(streamId: number): boolean;
  /** @param section valid during the call; its list and strings may be kept */
  onHeaders(section: FieldSection): void;
  onGoAway(goAway: GoAway): void;
  onPeerSettings(): void;
  /** After received bytes have been parsed, and before a batch is written: the time for what should not happen in between. */
  onTurn(): void;
}

/** How far a connection has come. */
export const ConnectionPhase = {
  OPEN: 0,
  /** A server has sent its first GOAWAY: the client is asked to open no more streams, and those on their way are accepted (RFC 9113 §6.8). */
  CLOSING: 1,
  /** No new streams; those that are open go on. */
  DRAINING: 2,
  CLOSED: 3,
} as const;
export type ConnectionPhase = (typeof ConnectionPhase)[keyof typeof ConnectionPhase];
