import type { GoAway } from "../frame/goaway.js";
import type { FieldSection } from "../receive/field-section.js";

/** The differences between client and server, as the connection needs them. */
export interface ConnectionRole {
  readonly isServer: boolean;
  /** The peer's highest stream id that has been processed, for GOAWAY. It is 0 for a client, since push is disabled. */
  readonly lastPeerStreamId: number;
  /** The highest stream id that we have opened. It is 0 for a server. */
  readonly lastOwnStreamId: number;
  /** Whether a stream that is not open has never been opened (RFC 9113 §5.1, "idle"). */
  isIdle(streamId: number): boolean;
  /** @param section is valid during the call only; its list and strings may be kept */
  onHeaders(section: FieldSection): void;
  onGoAway(goAway: GoAway): void;
  onPeerSettings(): void;
  /** Runs after received bytes have been parsed, and before a batch is written. */
  onTurn(): void;
}

/** The phase of a connection's life. */
export const ConnectionPhase = {
  OPEN: 0,
  /**
   * A server has sent its first GOAWAY: it asks the client to open no more streams, and accepts those that are on their
   * way (RFC 9113 §6.8).
   */
  CLOSING: 1,
  /** No new streams are accepted; open streams continue. */
  DRAINING: 2,
  CLOSED: 3,
} as const;
export type ConnectionPhase = (typeof ConnectionPhase)[keyof typeof ConnectionPhase];
