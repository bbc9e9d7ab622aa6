import { chmodSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { AddressError } from "./errors.js";
import { fileError } from "./file-error.js";
import { isOwnUserOrRoot } from "./user.js";

/**
 * Creates the folder that `VYRA_IPC_DIR` names, with mode 0700, unless it exists, and checks that it is private. A user
 * who may write in a folder could replace our socket there, except in a sticky folder such as /tmp.
 *
 * @param path the path of the socket, for error messages
 * @throws {AddressError} if the folder cannot be created, belongs to another user, or is writable for others
 */
export function prepareOwnFolder(folder: string, path: string): void {
  let stat: ReturnType<typeof statSync>;
  try {
    makeFolder(folder);
    stat = statSync(folder);
  } catch (error) {
    throw fileError("publish", path, error);
  }
  const othersMayWrite = (stat.mode & 0o022) !== 0;
  const isSticky = (stat.mode & 0o1000) !== 0;
  if (!isOwnUserOrRoot(stat.uid)) {
    throw new AddressError(
      `the folder ${folder} belongs to uid ${stat.uid}: set VYRA_IPC_DIR to a folder of your own`,
      path,
    );
  }
  if (othersMayWrite && !isSticky) {
    throw new AddressError(
      `other users may write in the folder ${folder}, and could replace the socket: use chmod 700`,
      path,
    );
  }
}

/** Creates a folder and its missing parents, all with mode 0700 whatever the umask. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      return;
    }
    if (code !== "ENOENT" || dirname(folder) === folder) {
      throw error;
    }
    makeFolder(dirname(folder));
    makeFolder(folder);
    return;
  }
  chmodSync(folder, 0o700);
}
