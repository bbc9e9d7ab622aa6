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

/** The right to a socket's name, held for as long as the process serves there. */
export interface Lock {
  /** Gives the name up: removes the lock file, then lets go of it. May be called twice. */
  release(): void;
  /** Lets somebody else take the lock, who will keep the file. */
  offer(): void;
}

/**
 * Takes the lock on a socket's name: `flock` on `<path>.lock`. The kernel lets go of it when the holder ends, however it
 * ends, so unlike a pid file it never lies; the pid inside is only there to be shown.
 *
 * Only the holder removes the file, and while it still holds it. A starter that waited at the door may therefore get the
 * lock on a file that is no longer at the path: it then starts over.
 *
 * @throws {AddressInUseError} if another process, or this one, holds it.
 * @throws {AddressError} if there is no such folder, no right to write there, or the lock file is not ours.
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
        sign(fd);
        return held(fd, lockPath);
      }
    } catch (error) {
      // Where nobody can take the lock, nobody has taken it on a file that we have just made.
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
    const there = whatIsAt(lockPath);
    if (there !== undefined && !isOwnUser(there.uid)) {
      assertOurs(there, lockPath, path);
    }
    throw fileError("lock", path, error);
  }
}

/** Makes the file, with its rights whatever the umask; undefined if there is one. */
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
    // A file system without rights. Those that the file has are enough for whoever has it open.
  }
  return { fd, isNew: true };
}

/** Undefined if it has gone meanwhile. */
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

function whatIsAt(lockPath: string): Stats | undefined {
  try {
    return lstatSync(lockPath, { throwIfNoEntry: false });
  } catch {
    return undefined; // why it cannot be looked at is why it could not be opened
  }
}

/**
 * Someone else's lock file would let them decide when we may start, and one with a second name may be a file of ours that they
 * want to see written over.
 */
function assertOurs(stat: Stats, lockPath: string, path: string): void {
  if (!stat.isFile() || !isOwnUser(stat.uid) || stat.nlink > 1) {
    const what = stat.nlink > 1 && stat.isFile() ? "has another name besides" : "is not a file of this user";
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
    const wayOut =
      cause instanceof KoffiError
        ? "; without it, serve with lock: false and see to it yourself that no two servers start on one name"
        : "";
    throw new AddressError(`cannot lock ${path}: ${(cause as Error).message}${wayOut}`, path, { cause });
  }
}

/** Says whose the lock is. */
function sign(fd: number): void {
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n${pidNamespace()}`, 0);
}

/** Removes the lock file if it is the one that we have open. What stays behind does no harm: it is the lock on it that counts. */
function removeOurs(fd: number, lockPath: string): void {
  try {
    if (isAtPath(fd, lockPath)) {
      unlinkSync(lockPath);
    }
  } catch {
    // The folder has gone, or may not be written in any more.
  }
}

function isAtPath(fd: number, lockPath: string): boolean {
  const ours = fstatSync(fd, { bigint: true });
  const there = statSync(lockPath, { bigint: true, throwIfNoEntry: false });
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
}

/** Undefined for a process in another container, whose pid would name another process here, or none. */
function pidIn(fd: number): number | undefined {
  const text = Buffer.alloc(64);
  const [first = "", namespace = ""] = text.toString("latin1", 0, readSync(fd, text, 0, text.length, 0)).split("\n");
  const pid = Number.parseInt(first, 10);
  const isOfOurs = namespace === "" || `${namespace}\n` === pidNamespace();
  return pid > 0 && isOfOurs ? pid : undefined;
}

/** In which namespace our pid counts, as a line, pid_namespaces(7); nothing where there is no such thing. */
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
