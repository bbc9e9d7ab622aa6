import { Code, ConnectError, type ContextValues, createContextKey } from "@connectrpc/connect";
import {
  groupId,
  isMappedGroup,
  isMappedUser,
  isOwnUserOrRoot,
  type PeerCredentials,
  userId,
} from "../address/index.js";
import { withValue } from "../interceptors/context-value.js";
import { peerKey } from "../interceptors/peer.js";
import { CallScope } from "../user-code/call-scope.js";
import type { OnError } from "./on-error.js";

/** Decides whether a peer may make calls. It is called once for each connection. */
export type Authorize = (peer: PeerCredentials) => boolean | Promise<boolean>;

/**
 * Creates the default authorizer, which accepts this process' own user and root, who could access everything anyway.
 */
export function sameUser(): Authorize {
  return ({ uid }) => isOwnUserOrRoot(uid);
}

/**
 * Creates an authorizer that accepts these users and root, by id or by name as in /etc/passwd. @throws {RangeError} for
 * an unknown name.
 */
export function users(users: readonly (number | string)[]): Authorize {
  const uids = new Set(users.map(userId));
  return ({ uid }) => uid === 0 || (uids.has(uid) && isMappedUser(uid));
}

/**
 * Creates an authorizer that accepts root and processes whose effective group is one of these, by id or by name as in
 * /etc/group.
 *
 * @throws {RangeError} for an unknown name.
 */
export function groups(groups: readonly (number | string)[]): Authorize {
  const gids = new Set(groups.map(groupId));
  return ({ uid, gid }) => uid === 0 || (gids.has(gid) && isMappedGroup(gid));
}

/** The peer of a connection, after authorization. */
export interface Caller {
  /** Its credentials, if the kernel reports them. */
  readonly peer: PeerCredentials | undefined;
  /** The error of all its calls, if it may not make any. */
  readonly refusal: ConnectError | undefined;
}

/** Creates the function that authorizes the peer of a new connection. It returns a promise only if `authorize` does. */
export function createAuthorization(
  authorize: Authorize | undefined,
  onError: OnError,
): (peer: PeerCredentials | undefined) => Caller | Promise<Caller> {
  return (peer) => {
    if (peer === undefined) {
      // Without `authorize`, a peer with unreadable credentials is accepted: the access rights of the socket still
      // apply.
      const refusal = authorize && refused("its credentials cannot be read");
      return { peer, refusal };
    }
    // Only `true` accepts a peer, whatever else a program without types returns.
    const callerBy = (verdict: boolean): Caller => ({
      peer,
      refusal:
        verdict === true ? undefined : refused(`uid ${peer.uid}, gid ${peer.gid}, pid ${peer.pid} is not allowed here`),
    });
    const failed = (error: unknown) => {
      onError(error, { method: "authorize" });
      return callerBy(false);
    };
    try {
      const verdict = new CallScope().runInAsyncScope(authorize ?? sameUser(), undefined, peer);
      return typeof verdict === "object" ? Promise.resolve(verdict).then(callerBy, failed) : callerBy(verdict);
    } catch (error) {
      return failed(error);
    }
  };
}

function refused(why: string): ConnectError {
  return new ConnectError(`the server refuses this peer: ${why}`, Code.PermissionDenied);
}

/**
 * Tells whether the caller with these context values is this process' own user or root. If that is unknown, the caller
 * counts as accepted, since the access rights of the socket apply.
 */
export function isFromOwnUser(values: ContextValues): boolean {
  const peer = values.get(peerKey);
  return peer === undefined || isOwnUserOrRoot(peer.uid);
}

/** The context value in which the guard finds the caller when Connect's handlers run a call. */
const callerKey = createContextKey<Caller | undefined>(undefined);

/** Creates the initial context values of a caller's calls. */
export function contextValuesFor(caller: Caller): ContextValues {
  return withValue(withValue(undefined, callerKey, caller), peerKey, caller.peer);
}

/** Returns the error with which the call with these context values is refused, if it is. */
export function refusalOf(values: ContextValues): ConnectError | undefined {
  return values.get(callerKey)?.refusal;
}
