import { MAX_WINDOW } from "../connection/settings.js";

/*
 * Flow-control arithmetic (RFC 9113 §5.2, §6.9) for streams and connections. A window is a plain integer that its owner
 * keeps, since there are two for every stream. It may be negative after a change of settings (§6.9.2).
 */

/** Returns the window after an increment, or -Infinity if it would exceed 2^31 - 1, a FLOW_CONTROL_ERROR (§6.9.1). */
export function grownWindow(window: number, increment: number): number {
  const grown = window + increment;
  return grown > MAX_WINDOW ? Number.NEGATIVE_INFINITY : grown;
}

/**
 * Tells whether consumed bytes should be returned to the peer now. Half a window is the usual threshold: the sender
 * never waits while the reader keeps up, and thousands of small messages need only one update.
 */
export function isCreditDue(credit: number, windowSize: number): boolean {
  return credit * 2 >= windowSize && credit > 0;
}
