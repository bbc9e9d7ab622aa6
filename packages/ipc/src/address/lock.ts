import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { AddressError, AddressInUseError } from "./errors.js";
import { fileError } from "./file-error.js";
import { KoffiError } from "./koffi.js";
import { tryLock } from "./libc.js";
import { isOwnUser } from "./user.js";

/** The lock on the path of a socket. A server holds it while it serves there. */
export interface Lock {
  /** Removes the lock file and then unlocks it. Further calls have no effect. */
  release(): void;
  /** Unlocks the lock file without removing it, so that another process can take the lock. */
  offer(): void;
}

/**
 * Takes the lock on the path of a socket: `flock` on `<path>.lock`. The kernel releases it when its holder ends in any
 * way, so unlike a pid file it is never out of date. The pid in the file is only used for messages.
 *
 * Only the holder removes the file, while it holds the lock. Another process may open the file just before and get the
 * lock on a file that is no longer at the path. It then starts again.
 *
 * @throws {AddressInUseError} if another process, or this one, holds the lock
 * @throws {AddressError} if the folder does not exist or is not writable, or if the lock file is not ours
 */
export function lock(path: string): Lock {
  const lockPath = `${path}.lock`;
  for (;;) {
    const { fd, isNew } = open(lockPath, path);
    let isTaken = false;
    try {
      assertOurs(fstatSync(fd), lockPath, path);
      isTaken = take(fd, path);
      if (!isTaken) {
        throw new AddressInUseError(path, pidIn(fd));
      }
      if (isAtPath(fd, lockPath)) {
        writeHolder(fd);
        return held(fd, lockPath);
      }
    } catch (error) {
      // A file that we have just created is removed as well, unless another process has taken the lock on it.
      if (isTaken || (isNew && !(error instanceof AddressInUseError))) {
        removeOurs(fd, lockPath);
      }
      closeSync(fd);
      throw error instanceof AddressError ? error : fileError("lock", path, error);
    }
    closeSync(fd);
  }
}

function open(lockPath: string, path: string): { readonly fd: number; readonly isNew: boolean } {
  try {
    for (;;) {
      const fd = openNew(lockPath) ?? openOld(lockPath);
      if (fd !== undefined) {
        return fd;
      }
    }
  } catch (error) {
    const existing = statOf(lockPath);
    if (existing !== undefined && !isOwnUser(existing.uid)) {
      assertOurs(existing, lockPath, path);
    }
    throw fileError("lock", path, error);
  }
}

/** Creates the lock file with mode 0600, whatever the umask. Returns undefined if there is one already. */
function openNew(lockPath: string): { readonly fd: number; readonly isNew: true } | undefined {
  let fd: number;
  try {
    fd = openSync(lockPath, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return undefined;
    }
    throw error;
  }
  try {
    fchmodSync(fd, 0o600);
  } catch {
    // The file system has no permissions. The file is open, so those that it has are sufficient.
  }
  return { fd, isNew: true };
}

/** Opens the existing lock file. Returns undefined if it has been removed meanwhile. */
function openOld(lockPath: string): { readonly fd: number; readonly isNew: false } | undefined {
  try {
    return { fd: openSync(lockPath, constants.O_RDWR | constants.O_NOFOLLOW), isNew: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

function statOf(lockPath: string): Stats | undefined {
  try {
    return lstatSync(lockPath, { throwIfNoEntry: false });
  } catch {
    return undefined; // opening the file has failed for the same reason, and is reported
  }
}

/**
 * Checks that a lock file is a regular file of this user with one name. The owner of another user's lock file could
 * prevent us from starting, and a hard link may be another user's attempt to have one of our files overwritten.
 */
function assertOurs(stat: Stats, lockPath: string, path: string): void {
  if (!stat.isFile() || !isOwnUser(stat.uid) || stat.nlink > 1) {
    const what = stat.nlink > 1 && stat.isFile() ? "has more than one hard link" : "is not a file of this user";
    throw new AddressError(
      `${lockPath} ${what} (it belongs to uid ${stat.uid}): remove it, or serve at another address`,
      path,
    );
  }
}

function take(fd: number, path: string): boolean {
  try {
    return tryLock(fd);
  } catch (cause) {
    const advice =
      cause instanceof KoffiError
        ? "; without koffi, serve with lock: false and ensure yourself that no two servers start at one address"
        : "";
    throw new AddressError(`cannot lock ${path}: ${(cause as Error).message}${advice}`, path, { cause });
  }
}

/** Writes into the lock file which process holds it. */
function writeHolder(fd: number): void {
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n${pidNamespace()}`, 0);
}

/**
 * Removes the lock file if it is the one that we have open. If this fails, the file that is left does no harm, since
 * only the lock on it counts.
 */
function removeOurs(fd: number, lockPath: string): void {
  try {
    if (isAtPath(fd, lockPath)) {
      unlinkSync(lockPath);
    }
  } catch {
    // The folder has been removed, or is no longer writable.
  }
}

function isAtPath(fd: number, lockPath: string): boolean {
  const ours = fstatSync(fd, { bigint: true });
  const there = statSync(lockPath, { bigint: true, throwIfNoEntry: false });
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
}

/**
 * Returns the id of the process that holds the lock. Returns undefined for a process in another pid namespace, such as
 * that of a container: its id would mean another process here.
 */
function pidIn(fd: number): number | undefined {
  const text = Buffer.alloc(64);
  const [first = "", namespace = ""] = text.toString("latin1", 0, readSync(fd, text, 0, text.length, 0)).split("\n");
  const pid = Number.parseInt(first, 10);
  const isOurNamespace = namespace === "" || `${namespace}\n` === pidNamespace();
  return pid > 0 && isOurNamespace ? pid : undefined;
}

/** Returns a line that identifies our pid namespace, pid_namespaces(7), or an empty string if there are none. */
function pidNamespace(): string {
  try {
    return `${readlinkSync("/proc/self/ns/pid")}\n`;
  } catch {
    return "";
  }
}

function held(fd: number, lockPath: string): Lock {
  let isHeld = true;
  return {
    offer() {
      if (isHeld) {
        isHeld = false;
        closeSync(fd);
      }
    },
    release() {
      if (!isHeld) {
        return;
      }
      isHeld = false;
      removeOurs(fd, lockPath);
      closeSync(fd);
    },
  };
}
