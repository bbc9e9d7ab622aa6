import { Code, ConnectError, type ContextValues, createContextKey, createContextValues } from "@connectrpc/connect";
import {
  groupId,
  isMappedGroup,
  isMappedUser,
  isOwnUserOrRoot,
  type PeerCredentials,
  userId,
} from "../address/index.js";
import { peerKey } from "../interceptors/peer.js";
import { CallScope } from "../user-code/call-scope.js";
import type { OnError } from "./on-error.js";

/** Decides whether a peer may make calls. Asked once a connection. */
export type Authorize = (peer: PeerCredentials) => boolean | Promise<boolean>;

/** Whom an authorizer lets in by default: this process' own user, and root, who may do everything anyway. */
export function sameUser(): Authorize {
  return ({ uid }) => isOwnUserOrRoot(uid);
}

/** Lets these users in, and root: ids, or names as in /etc/passwd. @throws {RangeError} for an unknown name. */
export function users(users: readonly (number | string)[]): Authorize {
  const uids = new Set(users.map(userId));
  return ({ uid }) => uid === 0 || (uids.has(uid) && isMappedUser(uid));
}

/**
 * Lets in processes whose effective group is one of these, and root: ids, or names as in /etc/group.
 *
 * @throws {RangeError} for an unknown name.
 */
export function groups(groups: readonly (number | string)[]): Authorize {
  const gids = new Set(groups.map(groupId));
  return ({ uid, gid }) => uid === 0 || (gids.has(gid) && isMappedGroup(gid));
}

/** The one on the other end of a connection. */
export interface Caller {
  readonly peer: PeerCredentials | undefined;
  /** What each of its calls is answered with, if it may make none. */
  readonly refusal: ConnectError | undefined;
}

/** Finds out whether who has connected may make calls. It takes time only if `authorize` does. */
export function createAdmission(
  authorize: Authorize | undefined,
  onError: OnError,
): (peer: PeerCredentials | undefined) => Caller | Promise<Caller> {
  return (peer) => {
    if (peer === undefined) {
      // What nobody asked for is not refused where it cannot be told: the socket's own rights hold all the same.
      const refusal = authorize && refused("its credentials cannot be read");
      return { peer, refusal };
    }
    // Nothing but true lets anybody in, whatever a program without types gives.
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

/** Whether a call with these values is of this process' own user, or root. Where nobody can tell, the socket's own rights say so. */
export function isFromOwnUser(values: ContextValues): boolean {
  const peer = values.get(peerKey);
  return peer === undefined || isOwnUserOrRoot(peer.uid);
}

/** How the guard knows whose call it is, where Connect's handlers run it. */
const callerKey = createContextKey<Caller | undefined>(undefined);

/** The context values that a caller's calls begin with. */
export function contextValuesFor(caller: Caller): ContextValues {
  return createContextValues().set(peerKey, caller.peer).set(callerKey, caller);
}

/** Why the call with these values is refused, if it is. */
export function refusalOf(values: ContextValues): ConnectError | undefined {
  return values.get(callerKey)?.refusal;
}
