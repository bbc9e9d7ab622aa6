import { lstatSync, statSync } from "node:fs";
import { UntrustedSocketError } from "./errors.js";
import { isMappedUser, isOwnUserOrRoot } from "./user.js";

/**
 * Refuses a socket that is not this user's, root's or a trusted user's. In a folder such as /tmp anyone may take a name
 * before its owner does, and a client would tell them everything.
 *
 * @param trustedUsers further user ids whose sockets may be dialled.
 * @throws {UntrustedSocketError} if the socket, or a symbolic link on the way to it, belongs to somebody else.
 * @throws {NodeJS.ErrnoException} ENOENT and what else the file system says.
 */
export function assertTrusted(path: string, trustedUsers: readonly number[]): void {
  const entry = lstatSync(path);
  assertOwner(entry.uid);
  if (entry.isSymbolicLink()) {
    assertOwner(statSync(path).uid);
  }

  function assertOwner(uid: number): void {
    if (!isTrusted(uid, trustedUsers)) {
      throw new UntrustedSocketError(path, uid);
    }
  }
}

/** Whether this is our own user, root, or one of those named. */
export function isTrusted(uid: number, trustedUsers: readonly number[]): boolean {
  return isOwnUserOrRoot(uid) || (trustedUsers.includes(uid) && isMappedUser(uid));
}
