import type { Socket } from "node:net";
import { socketOption } from "./libc.js";

/** Who is on the other end of a connection, as the kernel says; it cannot be pretended. */
export interface PeerCredentials {
  /**
   * The process: the one that connected, or, for a client, the one that listened. 0 for one of a pid namespace that is not seen from
   * here. It may have ended since, and its number may be another's: show it, but decide by `uid` and `gid`. Who has to act on the
   * process compares its start time in `/proc/<pid>/stat` first; see docs/reference/sockets.md.
   */
  readonly pid: number;
  /** Its effective user and group at that moment. */
  readonly uid: number;
  readonly gid: number;
}

/**
 * Asks the kernel who is on the other end of a connected Unix socket: SO_PEERCRED (unix(7)), LOCAL_PEERCRED on macOS.
 *
 * @returns undefined where it cannot be told: another platform, no koffi, or a connection that is gone already.
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

/** struct ucred { pid_t pid; uid_t uid; gid_t gid; } */
function onLinux(fd: number): PeerCredentials {
  const ucred = socketOption(fd, SOL_SOCKET, SO_PEERCRED, 12);
  return { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
}

const SOL_LOCAL = 0;
const LOCAL_PEERCRED = 1;
const LOCAL_PEERPID = 2;

/** struct xucred { u_int cr_version; uid_t cr_uid; short cr_ngroups; gid_t cr_groups[16]; }, <sys/ucred.h> */
function onMac(fd: number): PeerCredentials {
  const xucred = socketOption(fd, SOL_LOCAL, LOCAL_PEERCRED, 76);
  const pid = socketOption(fd, SOL_LOCAL, LOCAL_PEERPID, 4);
  return { pid: pid.readInt32LE(0), uid: xucred.readUInt32LE(4), gid: xucred.readUInt32LE(12) };
}

/** Node.js has no public way to a socket's descriptor; this one has been there since its beginning. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}
