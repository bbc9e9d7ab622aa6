import type { ConnectError } from "@connectrpc/connect";
import { ConnectionError, ErrorCode, type GoAway, goAwayReason } from "@vyra/http2";
import type { SocketAddress } from "../../../address/index.js";
import { connectionLost, notBegun, refused } from "../../errors.js";
import { GracefulGoAwayError } from "./transparent-retry.js";

/**
 * Creates the error of a call whose connection was lost; it includes what the server said in a GOAWAY before, if
 * anything.
 */
export function lostConnection(address: SocketAddress, cause: unknown, goAway: GoAway | undefined): ConnectError {
  if (goAway === undefined) {
    return connectionLost(address, cause);
  }
  const reason = goAwayReason(goAway);
  const message = `the peer closed the connection: ${reason}`;
  return connectionLost(address, new ConnectionError(goAway.code, message, "peer", cause, reason));
}

/**
 * Creates the error of a call that the server will not process, as it said in a GOAWAY, or that was never sent because
 * the connection is ending. The call is retried unless the GOAWAY reports an error of this client.
 */
export function refusedByGoAway(address: SocketAddress, cause: unknown, goAway: GoAway | undefined): ConnectError {
  return refused(address, reasonOf(goAway, cause));
}

/** Creates the error of a call whose connection was ended by a GOAWAY before the call could be sent. */
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
