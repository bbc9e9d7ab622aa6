import { connect, type Socket } from "node:net";
import { assertTrusted } from "../address/index.js";
import { unreachable } from "./errors.js";

/**
 * Connects to a socket whose owner is trusted.
 *
 * @throws {ConnectError} Unavailable where nobody listens, PermissionDenied where it is not allowed, both caused by
 *   NotProcessedError.
 */
export function dial(path: string, trustedUsers: readonly number[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(unreachable(path, error));
    try {
      assertTrusted(path, trustedUsers);
    } catch (error) {
      fail(error);
      return;
    }
    const socket = connect({ path });
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      resolve(socket);
    });
  });
}
