import type { ConnectError } from "@connectrpc/connect";
import { ConnectionError, ErrorCode, type GoAway, goAwayReason } from "@vyra/http2";
import type { SocketAddress } from "../../../address/index.js";
import { connectionLost, notBegun, refused } from "../../errors.js";
import { GracefulGoAwayError } from "./transparent-retry.js";

/** The error of a call whose connection ended under it, with what the server had said in a GOAWAY before, if anything. */
export function lostConnection(address: SocketAddress, cause: unknown, goAway: GoAway | undefined): ConnectError {
  if (goAway === undefined) {
    return connectionLost(address, cause);
  }
  const reason = goAwayReason(goAway);
  const message = `the peer closed the connection: ${reason}`;
  return connectionLost(address, new ConnectionError(goAway.code, message, "peer", cause, reason));
}

/**
 * The error of a call that the server has said it will not look at, or that was never sent on a connection that is ending. It is made
 * anew unless the server hangs up for a fault of ours.
 */
export function refusedByGoAway(address: SocketAddress, cause: unknown, goAway: GoAway | undefined): ConnectError {
  return refused(address, reasonOf(goAway, cause));
}

/** The error of a call for which a connection was made that the server ended by a GOAWAY before a call could be. */
export function notBegunAfter(address: SocketAddress, goAway: GoAway): ConnectError {
  return notBegun(address, reasonOf(goAway, undefined), goAwayReason(goAway));
}

function reasonOf(goAway: GoAway | undefined, cause: unknown): Error {
  if (goAway === undefined) {
    return new GracefulGoAwayError("the connection takes no more calls", cause);
  }
  const reason = goAwayReason(goAway);
  const message = `the peer is closing the connection: ${reason}`;
  return goAway.code === ErrorCode.NO_ERROR
    ? new GracefulGoAwayError(message, cause, reason)
    : new ConnectionError(goAway.code, message, "peer", cause, reason);
}
