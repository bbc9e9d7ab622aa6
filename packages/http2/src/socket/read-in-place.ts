import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import { nextTick } from "../real-timers.js";

/** Receives bytes `[start, end)` of a buffer. They are valid during the call only: the next read overwrites them. */
export type Receive = (buffer: Uint8Array, start: number, end: number) => void;

/**
 * The largest number of bytes of one read, also by `data` events. After a shorter read, libuv does not read again at
 * once.
 */
export const FULL_READ_BYTES = 65_536;

/** The buffer for all sockets of a thread, which are read one after the other. */
const buffer = Buffer.allocUnsafeSlow(FULL_READ_BYTES);

/**
 * Returns a socket on the same connection as the given one, whose bytes are passed to `receive`. They are read into one
 * buffer for all sockets. Each `data` event would allocate 64 KiB instead: a sixth of the time of a call that has the
 * socket to itself, and most of the garbage of large bodies.
 *
 * The given socket may only be destroyed afterwards: closing one of the two closes the other. Node.js offers this for
 * sockets that it dials (`onread`), but not for those that it accepts. Where it is impossible, the given socket is
 * returned and its `data` events are passed to `receive`.
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
    const rest = chunk; // it has been read before, but nobody has received it
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

/** The part of a Node.js socket's internal handle that is used here. */
interface Handle {
  reading: boolean;
  readStop(): void;
  useUserBuffer?(buffer: Uint8Array): void;
}
