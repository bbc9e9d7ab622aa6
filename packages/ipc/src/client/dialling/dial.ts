import { connect, Socket } from "node:net";
import {
  assertTrusted,
  connectAbstract,
  credentialsOf,
  hasLibc,
  isTrusted,
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
export function dial(path: string, trustedUsers: readonly number[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(unreachable(path, error));
    const isAbstract = path.startsWith("\0");
    const admit = (socket: Socket) => {
      const uid = credentialsOf(socket)?.uid;
      if (uid === undefined ? isAbstract : !isTrusted(uid, trustedUsers)) {
        socket.destroy();
        fail(new UntrustedSocketError(path, uid));
        return;
      }
      resolve(socket.unref());
    };
    try {
      if (isAbstract) {
        admit(dialAbstract(path));
        return;
      }
      assertTrusted(path, trustedUsers);
    } catch (error) {
      fail(error);
      return;
    }
    const socket = connect({ path }).unref();
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      admit(socket);
    });
  });
}

function dialAbstract(name: string): Socket {
  if (!hasLibc()) {
    throw new UntrustedSocketError(name, undefined);
  }
  return new Socket({ fd: connectAbstract(name), readable: true, writable: true });
}
