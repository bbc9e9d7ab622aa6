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
 * Connects to a socket whose owner is trusted, and checks that its listener is trusted as well. An abstract name has no
 * owner, so its listener's credentials must be readable. The socket does not keep the process alive: see
 * `refWhileDialling()`.
 *
 * @throws {ConnectError} Unavailable if nobody listens, PermissionDenied if connecting is not allowed, both with a
 *   `NotProcessedError` as the cause.
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
