import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { loadKoffi } from "./koffi.js";

/**
 * The functions of the C library that local sockets need and Node.js does not provide. This file has the only foreign
 * functions of this package. koffi is loaded at the first use, so that programs that do not need it do not pay for it.
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

// The operations of flock(2) have the same numbers on Linux, macOS and the BSDs.
const LOCK_EX = 2;
const LOCK_NB = 4;

let loaded: Libc | undefined;

/**
 * Tries to take an exclusive lock on an open file, flock(2), without waiting. The lock is held until the descriptor is
 * closed, or the process ends in any way.
 *
 * @returns whether the lock was taken; false if another open file description holds it
 * @throws {Error} an error of the system
 * @throws {KoffiError} if koffi cannot be loaded
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

/**
 * Returns the value of a socket option, getsockopt(2).
 *
 * @param bytes the maximum length of the value, in bytes
 * @throws {Error} an error of the system
 * @throws {KoffiError} if koffi cannot be loaded
 */
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
 * Creates a stream socket bound to an abstract name (Linux), which is ready to listen. Node.js before 22 pads abstract
 * names with NUL bytes to the length of `sun_path`, which makes them different names: all bytes up to the length of the
 * address count, unix(7).
 *
 * @param name the name without the NUL byte with which it begins in `sun_path`
 * @returns the file descriptor of the socket
 * @throws {NodeJS.ErrnoException} an error of the system
 * @throws {KoffiError} if koffi cannot be loaded
 */
export function bindAbstract(name: string): number {
  return abstractSocket("bind", name);
}

/**
 * Creates a stream socket connected to the server at an abstract name (Linux). The kernel connects it at once or fails.
 *
 * @param name the name without the NUL byte with which it begins in `sun_path`
 * @returns the file descriptor of the socket
 * @throws {NodeJS.ErrnoException} an error of the system
 * @throws {KoffiError} if koffi cannot be loaded
 */
export function connectAbstract(name: string): number {
  return abstractSocket("connect", name);
}

function abstractSocket(call: "bind" | "connect", name: string): number {
  const libc = load();
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    throw systemError("socket", libc.errno());
  }
  const family = Buffer.from(new Uint16Array([AF_UNIX]).buffer); // sa_family_t has the byte order of the machine
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

/** Returns an error of the system in the form of Node.js. */
function systemError(syscall: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno: -errno, syscall });
}

/**
 * Sends one datagram to a Unix socket without waiting.
 *
 * @param to a path, or an abstract name (Linux) after `@`
 * @returns whether the datagram was sent
 * @throws {KoffiError} if koffi cannot be loaded
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

/** Tells whether the functions in this file can be used, which is whether koffi can be loaded. */
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
