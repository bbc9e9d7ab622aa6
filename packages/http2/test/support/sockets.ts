import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/**
 * Listens on a Unix socket in a folder of its own. The listener, its sockets and the folder are removed when the test
 * ends.
 * @returns the path of the socket
 */
export async function listen(t: TestContext, onSocket: (socket: net.Socket) => void): Promise<string> {
  const path = await socketPath(t);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return path;
}

export async function socketPath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vyra-http2-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "s.sock");
}

export function dial(t: TestContext, path: string): net.Socket {
  const socket = net.connect(path);
  t.after(() => {
    socket.destroy();
  });
  return socket;
}

/** Returns both ends of a connected Unix socket. */
export async function socketPair(t: TestContext): Promise<{ client: net.Socket; server: net.Socket }> {
  let accept: (socket: net.Socket) => void = () => {};
  const accepted = new Promise<net.Socket>((resolve) => {
    accept = resolve;
  });
  const path = await listen(t, (socket) => accept(socket));
  const client = dial(t, path);
  return { client, server: await accepted };
}

/** A promise with the functions that settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((ok, fail) => {
    resolve = ok;
    reject = fail;
  });
  promise.catch(() => {}); // prevents an unhandled rejection; whoever awaits the promise still gets the error
  return { promise, resolve, reject };
}

/**
 * Waits for some turns of the event loop, in which everything under way in this process and its sockets comes to rest.
 */
export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
