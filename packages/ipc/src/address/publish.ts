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

/** How a listener comes to its name. */
export interface PublishOptions {
  /** The socket file's rights. */
  readonly mode: number;
  /** Its group, where it is to be another than the process'. */
  readonly gid?: number | undefined;
  /** Whether to hold the lock on the name; without it two servers that start at once may both believe to own it. */
  readonly lock: boolean;
  /** Whether a live server at the name has agreed to be replaced. */
  readonly isTakeover?: boolean;
}

/** A listener at its public name. */
export interface Published {
  /**
   * Takes the name away, unless the file there is no longer ours. Connections that wait to be accepted stay: accept them
   * before the listener is closed, since closing it resets them. May be called twice.
   */
  unpublish(): void;
  /** Lets another process have the name: frees the lock and leaves the socket where it is. */
  offer(): void;
  /**
   * Takes the lock back after `offer()`. Not while another process has it, which may have the name next; nor once the file at the
   * name is no longer ours.
   */
  retake(): "ours" | "locked" | "lost";
  /**
   * Calls back, once, when the file at the name is no longer ours: deleted or replaced. Returns a function that stops watching.
   */
  watch(onLost: (what: "deleted" | "replaced") => void): () => void;
}

/**
 * Brings a listener to its public name.
 *
 * The order is the point. The lock first, so that nobody else decides about the name meanwhile. Then a look at what is
 * there: a file that is no socket is refused, a live socket is refused, and only a dead one is replaced. The listener is
 * bound inside a private folder beside the name, given its rights there, and renamed to the name: at no moment is there a
 * socket with wrong rights or no socket, and when libuv unlinks the path that it bound, as it does on close, it finds
 * nothing there instead of a successor's socket.
 *
 * @throws {AddressInUseError} if a server lives there.
 * @throws {AddressError} if something else is at the path, or the folder does not allow it.
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

// The name before the name: mkdtemp puts six characters behind the prefix. Short, since it counts towards the limit.
const privateFolderPrefix = ".ipc";
const privateName = "s";

/**
 * How many connections may wait to be accepted. The kernel caps it at net.core.somaxconn (4096 on current Linux), so ask
 * for what it gives: a client that finds the queue full is told EAGAIN, and a call would fail for nothing.
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
    chmodSync(folder, 0o700); // a umask may have taken away what it takes to make a file in it
    await listenAt(server, { path: bound });
    if (gid !== undefined) {
      chownSync(bound, -1, gid);
    }
    chmodSync(bound, mode);
    const stat = lstatSync(bound); // before anybody else can put something in its place
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
 * Takes no descriptor, as there may be none left. If it fails, an empty folder stays behind, which nobody minds: no reason not to serve
 * on a socket that is at its name already, and none to hide the reason why it is not.
 */
function removePrivate(folder: string, bound: string): void {
  try {
    unlinkSync(bound);
  } catch {
    // It has been renamed, or never was there.
  }
  try {
    rmdirSync(folder);
  } catch {
    // The folder around it may have become read-only, say.
  }
}

/** Listens at a path or an abstract name, or on a socket that listens already. */
export function listenAt(server: Server, where: { path: string } | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // exclusive: a cluster worker listens itself rather than through its primary, which knows nothing of the rename.
    server.listen({ ...where, backlog, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function published(path: string, stat: Stats, held: Lock | undefined): Published {
  const stopMinding = atExit(unpublish);
  return {
    unpublish,
    offer: () => held?.offer(),
    retake() {
      const isLocked = !takeLock();
      return whatIsThere() !== "ours" ? "lost" : isLocked ? "locked" : "ours";
    },
    watch(onLost) {
      const look = () => {
        const what = whatIsThere();
        if (what !== "ours") {
          stop();
          onLost(what);
        }
      };
      const stop = watchFile(path, look);
      look(); // nobody has told what happened before
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

  function whatIsThere(): "ours" | "deleted" | "replaced" {
    let now: Stats | undefined;
    try {
      now = lstat(path);
    } catch {
      // What cannot be looked at cannot be reached either.
    }
    if (now === undefined) {
      return "deleted";
    }
    return now.ino === stat.ino && now.dev === stat.dev ? "ours" : "replaced";
  }

  function unpublish(): void {
    if (!stopMinding()) {
      return;
    }
    try {
      if (whatIsThere() === "ours") {
        unlinkSync(path);
      }
    } catch {
      // The name cannot be taken away (the folder became read-only, say). The next server finds a dead socket there.
    } finally {
      held?.release();
    }
  }
}

/** How often to look at the file at a name, in milliseconds. A look takes microseconds. */
const lookMs = 1_000;

/**
 * Calls back when something happens to this very file, and now and then: a file does not show that a folder above it was renamed, and
 * it cannot be watched where the system's watches are exhausted (fs.inotify.max_user_watches).
 */
function watchFile(path: string, look: () => void): () => void {
  const timer = setInterval(look, lookMs).unref();
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(path, { persistent: false }, look);
    watcher.on("error", () => {});
  } catch {
    // Then it is looked at.
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
    throw fileError("look at", path, error);
  }
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symbolic link";
  return stat.isFile() ? "regular file" : "special file";
}
