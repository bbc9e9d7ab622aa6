import type { ConnectError } from "@connectrpc/connect";
import { ConnectionError, type GoAway, goAwayReason } from "@vyra/http2";
import { connectionLost, refused } from "../../errors.js";
import { SentAwayError } from "./moving.js";

/** The error of a call whose connection ended under it, with what the server had said in a GOAWAY before, if anything. */
export function lost(path: string, cause: unknown, goAway: GoAway | undefined): ConnectError {
  if (goAway === undefined) {
    return connectionLost(path, cause);
  }
  const reason = goAwayReason(goAway);
  const message = `the peer closed the connection: ${reason}`;
  return connectionLost(path, new ConnectionError(goAway.code, message, "peer", cause, reason));
}

/** The error of a call that the server has said it will not look at, or that was never sent on a connection that is ending. */
export function sentAway(path: string, cause: unknown, goAway: GoAway | undefined): ConnectError {
  const reason = goAway === undefined ? "the connection takes no more calls" : `GOAWAY: ${goAwayReason(goAway)}`;
  return refused(path, new SentAwayError(reason, { cause }));
}
