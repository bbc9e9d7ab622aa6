import { connect, Socket } from "node:net";
import {
  assertTrusted,
  connectAbstract,
  credentialsOf,
  hasLibc,
  isTrusted,
  type SocketAddress,
  shownAddress,
  UntrustedSocketError,
} from "../../address/index.js";
import { unreachable } from "../errors.js";

/**
 * Connects to a socket whose owner is trusted, and sees that whoever listens there is, too. An abstract name has no owner, so
 * that there the credentials have to be readable. The socket does not hold the process: see `holdFor()`.
 *
 * @throws {ConnectError} Unavailable where nobody listens, PermissionDenied where it is not allowed, both caused by
 *   NotProcessedError.
 */
export function dial(address: SocketAddress, trustedUsers: readonly number[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(unreachable(address, error));
    const admit = (socket: Socket) => {
      const uid = credentialsOf(socket)?.uid;
      if (uid === undefined ? address.kind === "abstract" : !isTrusted(uid, trustedUsers)) {
        socket.destroy();
        fail(new UntrustedSocketError(shownAddress(address), uid));
        return;
      }
      resolve(socket.unref());
    };
    try {
      if (address.kind === "abstract") {
        if (!hasLibc()) {
          throw new UntrustedSocketError(shownAddress(address), undefined);
        }
        admit(new Socket({ fd: connectAbstract(address.name), readable: true, writable: true }));
        return;
      }
      assertTrusted(address.path, trustedUsers);
    } catch (error) {
      fail(error);
      return;
    }
    const socket = connect({ path: address.path }).unref();
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      admit(socket);
    });
  });
}
