import { MAX_WINDOW } from "../connection/settings.js";

/**
 * Flow-control arithmetic (RFC 9113 §5.2, §6.9), the same for a stream and for the connection. A window is a plain integer kept
 * by its owner, since there are two for every stream; it may be negative after a settings change (§6.9.2).
 */

/** The window after an increment, or -Infinity when it would exceed 2^31 - 1, which is a FLOW_CONTROL_ERROR (§6.9.1). */
export function grownWindow(window: number, increment: number): number {
  const grown = window + increment;
  return grown > MAX_WINDOW ? Number.NEGATIVE_INFINITY : grown;
}

/**
 * Whether it is time to give consumed bytes back. Half a window is the usual choice: the sender never waits while the reader
 * keeps up, and an update is sent once in thousands of small messages.
 */
export function isCreditDue(credit: number, windowSize: number): boolean {
  return credit * 2 >= windowSize && credit > 0;
}
