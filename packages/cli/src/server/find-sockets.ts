import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { usage } from "../failure.js";

/** The end of the file name of a module's socket (`resolveSocket`). */
const ending = "_ipc.sock";

/** A socket file. */
export interface SocketFile {
  readonly path: string;
  readonly uid: number;
  /** The module's name; undefined if the file is not named as a module's socket. */
  readonly module: string | undefined;
}

/**
 * Returns the socket files in a folder, sorted by name.
 *
 * @throws {Failure} if the folder cannot be read.
 */
export function findSockets(folder: string): SocketFile[] {
  return entriesOf(folder)
    .sort()
    .map((name): [string, Stats | undefined] => [name, lstat(join(folder, name))])
    .filter((entry): entry is [string, Stats] => entry[1]?.isSocket() === true)
    .map(([name, { uid }]) => ({
      path: join(folder, name),
      uid,
      module: name.endsWith(ending) ? name.slice(0, -ending.length) : undefined,
    }));
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw usage(`cannot list ${folder} (${(error as NodeJS.ErrnoException).code}): is it a folder that you may read?`);
  }
}

/** A file may have been removed, or hidden, since the folder was listed. */
function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
