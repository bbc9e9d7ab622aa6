// npm run test:systemd [-- --engine direct|node]
//
// Starts our server as systemd does: systemd-socket-activate listens, starts the server at the first connection and
// passes the socket to it. NOTIFY_SOCKET is a datagram socket that a Python process reads. The suite needs the Debian
// package systemd, which need not be running.
import assert from "node:assert/strict";
import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createChannel } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { compiled } from "../support/folders.js";
import { chosen } from "../support/runner.js";

type ServerEngine = "direct" | "node";

const { values } = parseArgs({ options: { engine: { type: "string", multiple: true } } });
const allEngines: readonly { readonly name: ServerEngine }[] = [{ name: "direct" }, { name: "node" }];
const engines = chosen(values.engine, allEngines, "name").map(({ name }) => name);
if (spawnSync("systemd-socket-activate", ["--version"]).status !== 0) {
  console.error("systemd-socket-activate is missing (apt-get install systemd)");
  process.exit(1);
}

/** A Python program that prints each datagram that it receives. */
const receive = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
`;

const folder = mkdtempSync(join(tmpdir(), "vyra-sd-"));
const script = compiled("support/server-process.js");
const running = new Set<ChildProcess>();
let passed = 0;
let failed = 0;
for (const engine of engines) {
  await tryOut(`activates the ${engine} server by its socket`, () => activated(engine));
  await tryOut(`hears READY=1 and STOPPING=1 of the ${engine} server, at a path`, () =>
    notified(engine, join(folder, "notify")),
  );
  await tryOut(`hears READY=1 and STOPPING=1 of the ${engine} server, at an abstract name`, () =>
    notified(engine, `@vyra-notify-${process.pid}-${engine}`),
  );
}
rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function tryOut(name: string, body: () => Promise<string>): Promise<void> {
  try {
    const figures = await body();
    passed++;
    console.log(`✓ ${name}: ${figures}`);
  } catch (error) {
    failed++;
    console.log(`✗ ${name}:`, error);
  } finally {
    for (const child of running) {
      child.kill("SIGKILL");
    }
  }
}

/**
 * The socket exists before the server, which the first call starts. It remains when the server ends, and the next
 * server uses it.
 */
async function activated(engine: ServerEngine): Promise<string> {
  const path = join(folder, `${engine}.sock`);
  const options = JSON.stringify({ socket: { fd: "backend" } });
  const args = [`--listen=${path}`, "--fdname=backend", process.execPath, script, "-", engine, options];
  const child = start("systemd-socket-activate", args);
  while (!existsSync(path)) {
    await delay(5);
  }
  const before = lstatSync(path);
  const channel = createChannel(path, { engine });
  const began = performance.now();
  const { text } = await channel.client(EchoService).unary({ text: "activated" }, { timeoutMs: 30_000 });
  assert.equal(text, "activated");
  const firstMs = performance.now() - began;
  // The process has become the server, and has called listen() itself; clients see its credentials from the kernel.
  const other = createChannel(path, { engine });
  assert.equal((await other.client(EchoService).unary({ text: "another" })).text, "another");
  assert.equal(other.peer?.pid, child.pid);
  await other.close();
  child.kill("SIGTERM");
  const [, signal] = await once(child, "close");
  assert.equal(signal, "SIGTERM");
  await channel.close();
  const after = lstatSync(path);
  assert.deepEqual([after.ino, after.mode], [before.ino, before.mode], "systemd's socket is systemd's");
  assert.ok(!existsSync(`${path}.lock`));
  return `the first call, which started it, took ${Math.round(firstMs)} ms; the socket file was left alone`;
}

/** The socket of a service manager gets a datagram when the server is ready, and one when it begins to stop. */
async function notified(engine: ServerEngine, notifySocket: string): Promise<string> {
  const manager = start("python3", ["-c", receive, notifySocket]);
  const lines = createInterface(manager.stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "bound");
  const path = join(folder, `${engine}.sock`);
  const server = start(process.execPath, [script, path, engine], { NOTIFY_SOCKET: notifySocket });
  assert.equal((await lines.next()).value, "READY=1");
  const channel = createChannel(path);
  assert.equal((await channel.client(EchoService).unary({ text: "ready" })).text, "ready");
  server.kill("SIGTERM");
  assert.equal((await lines.next()).value, "STOPPING=1");
  await once(server, "close");
  await channel.close();
  manager.kill("SIGKILL");
  await once(manager, "close");
  rmSync(join(folder, "notify"), { force: true });
  return "READY=1 when it could be called, STOPPING=1 after SIGTERM";
}

function start(command: string, args: readonly string[], env = {}): ChildProcessByStdio<null, Readable, null> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...env } });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}
