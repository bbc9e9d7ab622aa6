import { AddressError } from "./errors.js";

/** systemd passes descriptors from 3 on, sd_listen_fds(3). */
const firstFd = 3;

/**
 * The listening socket that whoever started this process handed to it.
 *
 * @param fd its descriptor, or its name (`FileDescriptorName=` in a systemd unit), looked up in LISTEN_FDS, LISTEN_PID and
 *   LISTEN_FDNAMES.
 * @throws {AddressError} if there is none by that name.
 */
export function inheritedFd(fd: number | string, env: NodeJS.ProcessEnv = process.env): number {
  if (typeof fd !== "string") {
    if (!Number.isInteger(fd) || fd < 0) {
      throw new AddressError(`${fd} is no file descriptor`, `fd:${fd}`);
    }
    return fd;
  }
  const count = Number(env.LISTEN_FDS ?? 0);
  const names = (env.LISTEN_FDNAMES ?? "").split(":");
  const index = names.indexOf(fd);
  if (Number(env.LISTEN_PID) !== process.pid || index === -1 || index >= count) {
    throw new AddressError(
      `nobody handed a socket named ${JSON.stringify(fd)} to this process (LISTEN_PID is ${env.LISTEN_PID ?? "not set"}, LISTEN_FDNAMES ${env.LISTEN_FDNAMES ?? "not set"}): is the unit socket-activated, with FileDescriptorName=${fd}?`,
      `fd:${fd}`,
    );
  }
  return firstFd + index;
}
