import { lstatSync, statSync } from "node:fs";
import { isMappedUser, isOwnUser } from "./user.js";

/** The socket at a path belongs to somebody who is not trusted. */
export class UntrustedSocketError extends Error {
  override readonly name = "UntrustedSocketError";

  constructor(
    /** The socket's path. */
    readonly path: string,
    /** Whose it is, or who listens there; undefined where that cannot be told, and has to be. */
    readonly uid: number | undefined,
  ) {
    super(
      uid === undefined
        ? `who listens at ${path.replace("\0", "unix-abstract:")} cannot be told: koffi cannot be loaded, is it installed where this program runs?`
        : `the socket ${path} belongs to uid ${uid}, not to this user or root: is it the right server? If so, name it in trustedUsers`,
    );
  }
}

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
  return uid === 0 || isOwnUser(uid) || (trustedUsers.includes(uid) && isMappedUser(uid));
}
