import { mkdirSync, statSync } from "node:fs";
import { AddressError } from "./errors.js";
import { fileError } from "./file-error.js";

/**
 * Makes the modules' own folder if it is not there (0700), and sees that it is as private as its users think: whoever may write
 * in a folder may put another socket in the place of ours. A sticky folder such as /tmp is safe in that way.
 *
 * @throws {AddressError} if it belongs to somebody else, or others may write there.
 */
export function prepareOwnFolder(folder: string, path: string): void {
  let stat: ReturnType<typeof statSync>;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    stat = statSync(folder);
  } catch (error) {
    throw fileError("publish", path, error);
  }
  const othersMayWrite = (stat.mode & 0o022) !== 0;
  const isSticky = (stat.mode & 0o1000) !== 0;
  if (stat.uid !== process.geteuid?.() && stat.uid !== 0) {
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
