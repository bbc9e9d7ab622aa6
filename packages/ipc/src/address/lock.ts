import {
  closeSync,
  constants,
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
    const fd = open(lockPath, path);
    try {
      assertOurs(fstatSync(fd), lockPath, path);
      if (!take(fd, path)) {
        throw new AddressInUseError(path, pidIn(fd));
      }
      if (isAtPath(fd, lockPath)) {
        sign(fd, lockPath);
        return held(fd, lockPath);
      }
    } catch (error) {
      closeSync(fd);
      throw error instanceof AddressError ? error : fileError("lock", path, error);
    }
    closeSync(fd);
  }
}

function open(lockPath: string, path: string): number {
  try {
    return openSync(lockPath, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    const there = whatIsAt(lockPath);
    if (there !== undefined && there.uid !== process.geteuid?.()) {
      assertOurs(there, lockPath, path);
    }
    throw fileError("lock", path, error);
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
  if (!stat.isFile() || stat.uid !== process.geteuid?.() || stat.nlink > 1) {
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

/** Says whose the lock is. Where there is no room to say so (ENOSPC), nothing is left behind. */
function sign(fd: number, lockPath: string): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n${pidNamespace()}`, 0);
  } catch (error) {
    unlinkSync(lockPath);
    throw error;
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
      try {
        if (isAtPath(fd, lockPath)) {
          unlinkSync(lockPath);
        }
      } catch {
        // A file that stays behind does no harm: it is the lock on it that counts.
      }
      closeSync(fd);
    },
  };
}
