import { chmodSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { AddressError } from "./errors.js";
import { fileError } from "./file-error.js";
import { isOwnUserOrRoot } from "./user.js";

/**
 * Makes the modules' own folder if it is not there (0700), and sees that it is as private as its users think: whoever may write
 * in a folder may put another socket in the place of ours. A sticky folder such as /tmp is safe in that way.
 *
 * @throws {AddressError} if it belongs to somebody else, or others may write there.
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
      `the folder ${folder} belongs to uid ${stat.uid}: let VYRA_IPC_DIR name one of your own`,
      path,
    );
  }
  if (othersMayWrite && !isSticky) {
    throw new AddressError(
      `others may write in the folder ${folder}, and so put their own socket in the place of yours: chmod 700 it`,
      path,
    );
  }
}

/** Makes a folder, and those above it that are not there, as private as they should be whatever the umask. */
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
