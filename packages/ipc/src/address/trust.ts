import { lstatSync, statSync } from "node:fs";
import { UntrustedSocketError } from "./errors.js";
import { isMappedUser, isOwnUserOrRoot } from "./user.js";

/**
 * Checks that a socket belongs to this user, to root or to a trusted user. In a folder such as /tmp anyone may create a
 * socket at a path before its owner does, and would receive everything that clients send.
 *
 * @param trustedUsers the ids of further users whose sockets may be dialled
 * @throws {UntrustedSocketError} if the socket, or a symbolic link that leads to it, belongs to another user
 * @throws {NodeJS.ErrnoException} an error of the file system, such as ENOENT
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

/** Tells whether this is the id of our own user, of root, or of a trusted user. */
export function isTrusted(uid: number, trustedUsers: readonly number[]): boolean {
  return isOwnUserOrRoot(uid) || (trustedUsers.includes(uid) && isMappedUser(uid));
}
