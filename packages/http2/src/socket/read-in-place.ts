import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import { nextTick } from "../real-timers.js";

/** Gets what has been received, in `[start, end)`, valid during the call: the next bytes are read into the same memory. */
export type Receive = (buffer: Uint8Array, start: number, end: number) => void;

/** What one read brings at most, by the `data` event too: after one that has brought less, libuv does not read again in this turn. */
export const FULL_READ_BYTES = 65_536;

/** All sockets of a thread are read into it, one after the other. */
const buffer = Buffer.allocUnsafeSlow(FULL_READ_BYTES);

/**
 * A socket on the same connection as this one, whose bytes go to `receive`. Each `data` event would take 64 KiB of new memory
 * instead: a sixth of the time of a call that has the socket to itself, and most of the garbage that large bodies leave.
 *
 * The given socket stays as a name for the other: either is closed with the other, and nothing else can be done with it. Node.js has
 * this for sockets that it dials (`onread`) but not for those that it accepts; where it cannot be had, the socket itself is returned,
 * and its `data` events go to `receive`.
 * @throws Error while the socket is connecting
 */
export function readInPlace(socket: Socket, receive: Receive): Socket {
  if (socket.connecting) throw new Error("cannot read in place: the socket is still connecting");
  const { _handle: handle } = socket as unknown as { _handle: Handle | null | undefined };
  if (handle?.useUserBuffer === undefined) {
    socket.on("data", (chunk: Buffer) => receive(chunk, 0, chunk.length));
    return socket;
  }
  for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
    const rest = chunk; // has been read already, but nobody has taken it
    nextTick(() => receive(rest, 0, rest.length));
  }
  handle.readStop();
  handle.reading = false;
  Object.assign(socket, { _handle: null });
  const options: SocketConstructorOpts & { handle: Handle; onread: OnReadOpts } = {
    handle,
    allowHalfOpen: socket.allowHalfOpen,
    onread: {
      buffer,
      callback(bytes) {
        receive(buffer, 0, bytes);
        return true;
      },
    },
  };
  const successor = new Socket(options);
  successor.once("close", () => socket.destroy());
  socket.once("close", () => successor.destroy());
  return successor;
}

/** What a socket of Node.js stands on. */
interface Handle {
  reading: boolean;
  readStop(): void;
  useUserBuffer?(buffer: Uint8Array): void;
}
