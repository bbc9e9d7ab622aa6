import type { Socket } from "node:net";
import { socketOption } from "./libc.js";

/** The credentials of the peer of a connection. The kernel reports them, so a peer cannot forge them. */
export interface PeerCredentials {
  /**
   * The id of the process that connected, or that listened if the peer is a server; 0 if its pid namespace is not
   * visible to this process. The process may have ended and its id may have been reused: show the id, but decide by
   * `uid` and `gid`. Before you act on the process, compare its start time in `/proc/<pid>/stat`; see
   * docs/reference/sockets.md.
   */
  readonly pid: number;
  /** The effective user id of that process when it connected or began to listen. */
  readonly uid: number;
  /** The effective group id of that process at the same time. */
  readonly gid: number;
}

/**
 * Returns the credentials of the peer of a connected Unix socket: SO_PEERCRED (unix(7)) on Linux, LOCAL_PEERCRED on
 * macOS. Returns undefined if they cannot be read: on other platforms, without koffi, or if the connection has ended.
 */
export function credentialsOf(socket: Socket): PeerCredentials | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) {
    return undefined;
  }
  try {
    return process.platform === "darwin" ? onMac(fd) : process.platform === "linux" ? onLinux(fd) : undefined;
  } catch {
    return undefined;
  }
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** Reads `struct ucred { pid_t pid; uid_t uid; gid_t gid; }`, unix(7). */
function onLinux(fd: number): PeerCredentials {
  const ucred = socketOption(fd, SOL_SOCKET, SO_PEERCRED, 12);
  return { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
}

const SOL_LOCAL = 0;
const LOCAL_PEERCRED = 1;
const LOCAL_PEERPID = 2;

/** Reads `struct xucred { u_int cr_version; uid_t cr_uid; short cr_ngroups; gid_t cr_groups[16]; }`, <sys/ucred.h>. */
function onMac(fd: number): PeerCredentials {
  const xucred = socketOption(fd, SOL_LOCAL, LOCAL_PEERCRED, 76);
  const pid = socketOption(fd, SOL_LOCAL, LOCAL_PEERPID, 4);
  return { pid: pid.readInt32LE(0), uid: xucred.readUInt32LE(4), gid: xucred.readUInt32LE(12) };
}

/** Returns the file descriptor of a socket. Node.js has no public API for it, but `_handle` has always existed. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}
