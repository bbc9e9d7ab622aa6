import {
  chmodSync,
  chownSync,
  type FSWatcher,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  watch,
} from "node:fs";
import type { Server } from "node:net";
import { dirname, join } from "node:path";
import { clearInterval, setInterval } from "../time/real-timers.js";
import { atExit } from "./at-exit.js";
import { AddressError, AddressInUseError } from "./errors.js";
import { fileError } from "./file-error.js";
import { type Lock, lock } from "./lock.js";
import { probe } from "./probe.js";
import { assertPathFits } from "./resolve.js";
import { isOwnUser } from "./user.js";

/** The options of {@link publish}. */
export interface PublishOptions {
  /** The permissions of the socket file. */
  readonly mode: number;
  /** The group of the socket file. Default: that of the process. */
  readonly gid?: number | undefined;
  /**
   * Whether to hold the lock on the path. Without it two servers that start at once may both believe to own the path.
   */
  readonly lock: boolean;
  /** Whether a running server at the path has agreed to be replaced. Default: false. */
  readonly isTakeover?: boolean;
}

/** A listener at its public path. */
export interface Published {
  /**
   * Removes the socket file, unless the file at the path is no longer ours. Connections that wait to be accepted stay.
   * They must be accepted before the listener is closed, since closing it resets them. Further calls have no effect.
   */
  unpublish(): void;
  /** Releases the lock and leaves the socket where it is, so that another process can take the path over. */
  offer(): void;
  /**
   * Takes the lock back after `offer()`. Returns "locked" if another process has the lock, and may take the path over,
   * and "lost" if the file at the path is no longer ours.
   */
  retake(): "ours" | "locked" | "lost";
  /**
   * Calls back, once, when the file at the path is no longer ours because it was deleted or replaced. Returns a
   * function that stops watching.
   */
  watch(onLost: (how: "deleted" | "replaced") => void): () => void;
}

/**
 * Makes a server listen at a public path.
 *
 * The order of the steps matters. First the lock is taken, so that no other process decides about the path meanwhile.
 * Then the existing file is examined: a file that is not a socket is an error, as is the socket of a running server;
 * only a dead socket is replaced. The listener is bound in a private folder beside the path, gets its permissions
 * there, and is renamed to the path. At no time is there a socket with wrong permissions, or none. When libuv unlinks
 * the path that it has bound, as it does on close, it finds no file, rather than the socket of a successor.
 *
 * @throws {AddressInUseError} if a server runs at the path
 * @throws {AddressError} if there is another file at the path, or the folder cannot be used
 */
export async function publish(server: Server, path: string, options: PublishOptions): Promise<Published> {
  assertPathFits(join(dirname(path), `${privateFolderPrefix}XXXXXX`, privateName), path);
  const held = options.lock ? lock(path) : undefined;
  try {
    await assertFree(path, options.isTakeover ?? false);
    const stat = await bindAndRename(server, path, options);
    return published(path, stat, held);
  } catch (error) {
    held?.release();
    throw error instanceof AddressError ? error : fileError("publish", path, error);
  }
}

// The temporary path of the socket, to which mkdtemp adds six characters. It is short, since its length is limited,
// too.
const privateFolderPrefix = ".ipc";
const privateName = "s";

/**
 * The number of connections that may wait to be accepted. It is the maximum that the kernel allows, net.core.somaxconn
 * (4096 on current Linux), since a client that finds the queue full gets EAGAIN, and its call fails needlessly.
 */
const backlog = 4096;

async function assertFree(path: string, isTakeover: boolean): Promise<void> {
  const stat = lstat(path);
  if (stat === undefined) {
    return;
  }
  if (!stat.isSocket()) {
    throw new AddressError(
      `there is a ${kindOf(stat)} at ${path}, not a socket: move it away, or serve at another address`,
      path,
    );
  }
  const server = isTakeover ? "stale" : await probe(path);
  if (typeof server === "object") {
    throw new AddressInUseError(path, server.pid);
  }
  if (!isOwnUser(stat.uid)) {
    throw new AddressError(
      `the dead socket at ${path} belongs to uid ${stat.uid}: have its owner remove it, or serve at another address`,
      path,
    );
  }
}

async function bindAndRename(server: Server, path: string, { mode, gid }: PublishOptions): Promise<Stats> {
  const folder = mkdtempSync(join(dirname(path), privateFolderPrefix));
  const bound = join(folder, privateName);
  try {
    chmodSync(folder, 0o700); // the umask may have removed the permission to create a file in the folder
    await listenAt(server, { path: bound });
    if (gid !== undefined) {
      chownSync(bound, -1, gid);
    }
    chmodSync(bound, mode);
    const stat = lstatSync(bound); // before another process can replace the file
    renameSync(bound, path);
    return stat;
  } catch (error) {
    server.close();
    throw error;
  } finally {
    removePrivate(folder, bound);
  }
}

/**
 * Removes the private folder. It opens no file descriptor, since there may be none left. Errors are ignored, since they
 * only leave an empty folder behind: the socket is at its path already, or a more important error is being thrown.
 */
function removePrivate(folder: string, bound: string): void {
  try {
    unlinkSync(bound);
  } catch {
    // The socket has been renamed, or was never bound.
  }
  try {
    rmdirSync(folder);
  } catch {
    // The folder is left behind, for example because its parent has become read-only.
  }
}

/** Makes a server listen at a path, or on an open socket, given by its file descriptor. */
export function listenAt(server: Server, where: { path: string } | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // With `exclusive` a cluster worker listens itself. Its primary would not know that the socket has been renamed.
    server.listen({ ...where, backlog, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function published(path: string, stat: Stats, held: Lock | undefined): Published {
  const cancelAtExit = atExit(unpublish);
  return {
    unpublish,
    offer: () => held?.offer(),
    retake() {
      const isLocked = !takeLock();
      return fileState() !== "ours" ? "lost" : isLocked ? "locked" : "ours";
    },
    watch(onLost) {
      const check = () => {
        const state = fileState();
        if (state !== "ours") {
          stop();
          onLost(state);
        }
      };
      const stop = watchFile(path, check);
      check(); // the file may have been lost before it was watched
      return stop;
    },
  };

  function takeLock(): boolean {
    try {
      held &&= lock(path);
      return true;
    } catch {
      return false;
    }
  }

  function fileState(): "ours" | "deleted" | "replaced" {
    let now: Stats | undefined;
    try {
      now = lstat(path);
    } catch {
      // Clients cannot reach a file that cannot be examined, so it counts as deleted.
    }
    if (now === undefined) {
      return "deleted";
    }
    return now.ino === stat.ino && now.dev === stat.dev ? "ours" : "replaced";
  }

  function unpublish(): void {
    if (!cancelAtExit()) {
      return;
    }
    try {
      if (fileState() === "ours") {
        unlinkSync(path);
      }
    } catch {
      // The file cannot be removed, for example because the folder has become read-only. It is a dead socket then.
    } finally {
      held?.release();
    }
  }
}

/** The interval between checks of the file at a path, in milliseconds. A check takes microseconds. */
const checkIntervalMs = 1_000;

/**
 * Calls `check` when the file changes, and once a second: a watcher does not report that a parent folder was renamed,
 * and there may be no watchers left (fs.inotify.max_user_watches).
 */
function watchFile(path: string, check: () => void): () => void {
  const timer = setInterval(check, checkIntervalMs).unref();
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(path, { persistent: false }, check);
    watcher.on("error", () => {});
  } catch {
    // The timer alone checks the file.
  }
  return () => {
    clearInterval(timer);
    watcher?.close();
  };
}

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError("read", path, error);
  }
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symbolic link";
  return stat.isFile() ? "regular file" : "special file";
}
