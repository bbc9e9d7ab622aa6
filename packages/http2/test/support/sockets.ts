import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A Unix socket in a folder of its own; listener, sockets and folder are gone when the test is over. */
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

/** Both ends of one connected Unix socket. */
export async function socketPair(t: TestContext): Promise<{ client: net.Socket; server: net.Socket }> {
  let accept: (socket: net.Socket) => void = () => {};
  const accepted = new Promise<net.Socket>((resolve) => {
    accept = resolve;
  });
  const path = await listen(t, (socket) => accept(socket));
  const client = dial(t, path);
  return { client, server: await accepted };
}

/** What a promise that others settle looks like. */
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
  promise.catch(() => {}); // whoever awaits it sees the error; a test that does not care need not
  return { promise, resolve, reject };
}

/** Lets everything that is under way within this process and its sockets come to rest: some turns of the event loop. */
export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
