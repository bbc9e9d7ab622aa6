import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { loadKoffi } from "./koffi.js";

/**
 * The only foreign-function code of this package: what the kernel offers local sockets and Node.js does not. koffi is
 * loaded at the first use, so that nobody pays for it who does not need it.
 */
interface Libc {
  flock(fd: number, operation: number): number;
  getsockopt(fd: number, level: number, name: number, value: Buffer, length: Buffer): number;
  socket(domain: number, type: number, protocol: number): number;
  sendto(fd: number, data: Buffer, length: number, flags: number, address: Buffer, addressLength: number): number;
  bind(fd: number, address: Buffer, addressLength: number): number;
  connect(fd: number, address: Buffer, addressLength: number): number;
  close(fd: number): number;
  errno(): number;
}

const isMac = process.platform === "darwin";

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

/** Reads a socket option, getsockopt(2). @throws {Error} as above. */
export function socketOption(fd: number, level: number, name: number, bytes: number): Buffer {
  const libc = load();
  const value = Buffer.alloc(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes);
  if (libc.getsockopt(fd, level, name, value, length) !== 0) {
    throw new Error(`getsockopt failed with errno ${libc.errno()}`);
  }
  return value.subarray(0, length.readUInt32LE());
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000; // Linux
const SOCK_CLOEXEC = isMac ? 0 : 0o2000000;

/**
 * A stream socket bound to an abstract name (Linux), ready to listen. Node.js before 22 pads such names with NUL bytes to the length of
 * `sun_path`, which makes them other names: what unix(7) compares is all bytes up to the address' length.
 *
 * @param name without the NUL byte with which such a name begins in `sun_path`.
 * @returns its descriptor.
 * @throws {NodeJS.ErrnoException} the system's error, or koffi's as above.
 */
export function bindAbstract(name: string): number {
  return abstractSocket("bind", name);
}

/** A stream socket connected to who listens at an abstract name; likewise. The kernel connects at once, or not at all. */
export function connectAbstract(name: string): number {
  return abstractSocket("connect", name);
}

function abstractSocket(call: "bind" | "connect", name: string): number {
  const libc = load();
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    throw systemError("socket", libc.errno());
  }
  const family = Buffer.from(new Uint16Array([AF_UNIX]).buffer); // sa_family_t has the machine's byte order
  const address = Buffer.concat([family, Buffer.from(`\0${name}`)]);
  while (libc[call](fd, address, address.length) !== 0) {
    const errno = libc.errno();
    if (errno !== constants.errno.EINTR) {
      libc.close(fd);
      throw systemError(call, errno);
    }
  }
  return fd;
}

/** As Node.js gives it. */
function systemError(syscall: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno: -errno, syscall });
}

/**
 * Sends one datagram to a Unix socket: a path, or, with `@` in front, an abstract name (Linux). Does not wait.
 *
 * @returns whether it was taken.
 */
export function sendDatagram(to: string, text: string): boolean {
  const libc = load();
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return false;
  }
  const path = Buffer.from(to);
  if (to.startsWith("@")) {
    path[0] = 0;
  }
  const family = isMac ? Buffer.from([path.length + 2, AF_UNIX]) : Buffer.from([AF_UNIX, 0]);
  const address = Buffer.concat([family, path]);
  const data = Buffer.from(text);
  const sent = libc.sendto(fd, data, data.length, 0, address, address.length);
  libc.close(fd);
  return sent === data.length;
}

/** Whether this machine has what the functions here need. */
export function hasLibc(): boolean {
  try {
    load();
    return true;
  } catch {
    return false;
  }
}

function load(): Libc {
  if (loaded === undefined) {
    const koffi = loadKoffi();
    const library = koffi.load(isMac ? "libSystem.B.dylib" : null);
    const fn = <K extends keyof Libc>(prototype: string) => library.func(prototype) as unknown as Libc[K];
    loaded = {
      flock: fn<"flock">("int flock(int fd, int operation)"),
      getsockopt: fn<"getsockopt">("int getsockopt(int fd, int level, int name, void *value, void *length)"),
      socket: fn<"socket">("int socket(int domain, int type, int protocol)"),
      sendto: fn<"sendto">("long sendto(int fd, void *data, size_t n, int flags, void *address, uint32_t length)"),
      bind: fn<"bind">("int bind(int fd, void *address, uint32_t length)"),
      connect: fn<"connect">("int connect(int fd, void *address, uint32_t length)"),
      close: fn<"close">("int close(int fd)"),
      errno: () => koffi.errno(),
    };
  }
  return loaded;
}
