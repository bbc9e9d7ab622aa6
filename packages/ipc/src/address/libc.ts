import { createRequire } from "node:module";
import { constants } from "node:os";

/**
 * The only foreign-function code of this package: what the kernel offers local sockets and Node.js does not. koffi is
 * loaded at the first use, so that a client never pays for it.
 */
interface Libc {
  flock(fd: number, operation: number): number;
  errno(): number;
}

// flock(2): the same numbers on Linux, macOS and the BSDs.
const LOCK_EX = 2;
const LOCK_NB = 4;

let loaded: Libc | undefined;

/**
 * Takes an exclusive lock on an open file without waiting, flock(2). It is held until the descriptor is closed, also by
 * the end of the process, however that comes.
 *
 * @returns whether the lock is ours; false if another open file description holds it.
 * @throws {Error} the system's error, or koffi's where it cannot be loaded on this machine.
 */
export function tryLock(fd: number): boolean {
  const libc = load();
  while (libc.flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    const errno = libc.errno();
    if (errno === constants.errno.EWOULDBLOCK) {
      return false;
    }
    if (errno !== constants.errno.EINTR) {
      throw new Error(`flock failed with errno ${errno}`);
    }
  }
  return true;
}

function load(): Libc {
  if (loaded === undefined) {
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
    const library = koffi.load(process.platform === "darwin" ? "libSystem.B.dylib" : null);
    loaded = {
      flock: library.func("int flock(int fd, int operation)") as unknown as Libc["flock"],
      errno: () => koffi.errno(),
    };
  }
  return loaded;
}
