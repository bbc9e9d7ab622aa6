import { AddressError } from "./errors.js";

/** The first file descriptor that systemd passes, sd_listen_fds(3). */
const firstFd = 3;

/**
 * Returns the file descriptor of a listening socket that this process inherited from the one that started it.
 *
 * @param fd the descriptor, or its name (`FileDescriptorName=` in a systemd unit), which is looked up in LISTEN_FDS,
 *   LISTEN_PID and LISTEN_FDNAMES
 * @throws {AddressError} if the descriptor is invalid, or if there is none by that name
 */
export function inheritedFd(fd: number | string, env: NodeJS.ProcessEnv = process.env): number {
  if (typeof fd !== "string") {
    if (!Number.isInteger(fd) || fd < 0) {
      throw new AddressError(`${fd} is not a file descriptor`, `fd:${fd}`);
    }
    return fd;
  }
  const count = Number(env.LISTEN_FDS ?? 0);
  const names = (env.LISTEN_FDNAMES ?? "").split(":");
  const index = names.indexOf(fd);
  if (Number(env.LISTEN_PID) !== process.pid || index === -1 || index >= count) {
    const { LISTEN_PID = "not set", LISTEN_FDNAMES = "not set" } = env;
    throw new AddressError(
      `this process inherited no socket named ${JSON.stringify(fd)} ` +
        `(LISTEN_PID is ${LISTEN_PID}, LISTEN_FDNAMES is ${LISTEN_FDNAMES}): ` +
        `is the unit socket-activated, with FileDescriptorName=${fd}?`,
      `fd:${fd}`,
    );
  }
  return firstFd + index;
}
