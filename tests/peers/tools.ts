// What the peers need: programs, which are installed or built here, a large file, and our server. Also runs the
// programs.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once as event } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ServerConnection } from "@vyra/http2";
import { cacheFolder, suiteFolder } from "../support/folders.js";
import { ask, type Command, run } from "../support/programs.js";
import { relayTo } from "../support/relay.js";
import { goEnv, once } from "../support/toolchains.js";
import { pieces } from "./pattern.js";
import { peersServer } from "./server.js";

const goFolder = join(suiteFolder("peers"), "go");
const bin = cacheFolder("peers");
export const goPeer = join(bin, "go-peer");

/** The longest time that a tool may take for a check on a busy machine, in milliseconds. */
const patienceMs = 60_000;

/** Builds the programs that need it. @returns the versions of all tools. @throws if one is missing */
export async function prepare(): Promise<readonly string[]> {
  const versions = {
    curl: /curl \S+/.exec(ask("curl", ["--version"]) ?? "")?.[0],
    nghttp: /nghttp2\/\S+/.exec(ask("nghttp", ["--version"]) ?? "")?.[0],
    h2load: /nghttp2\/\S+/.exec(ask("h2load", ["--version"]) ?? "")?.[0],
    go: /go\d\S+/.exec(ask("go", ["version"], goEnv) ?? "")?.[0],
  };
  const missing = Object.entries(versions).flatMap(([name, version]) => (version === undefined ? [name] : []));
  if (missing.length > 0) {
    throw new Error(`missing: ${missing.join(", ")} (apt-get install curl nghttp2-client; Go 1.26 or newer)`);
  }
  const sources = readdirSync(goFolder).map((name) => readFileSync(join(goFolder, name), "utf8"));
  await once(join(bin, "go-peer.stamp"), sources, () =>
    run("go", ["build", "-o", goPeer, "."], { cwd: goFolder, env: goEnv }),
  );
  const net = /golang.org\/x\/net (v\S+)/.exec(readFileSync(join(goFolder, "go.mod"), "utf8"))?.[1];
  return [`${versions.curl}`, `${versions.nghttp}`, `golang.org/x/net ${net} with ${versions.go}`];
}

/** Writes the large body into a file. */
export function writeLarge(path: string): void {
  for (const piece of pieces()) {
    writeFileSync(path, piece, { flag: "a" });
  }
}

/** Serves at the path, and at a TCP port for programs that can connect to TCP only. */
export async function startOurs(path: string): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const connections = new Set<ServerConnection>();
  const server = createServer((socket) => {
    const connection = new ServerConnection(socket, { ...peersServer, onClose: () => connections.delete(connection) });
    connections.add(connection);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const relay = await relayTo(path);
  return {
    port: relay.port,
    async stop() {
      for (const connection of connections) {
        connection.destroy();
      }
      await relay.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Returns what a program prints; throws if it fails. */
export async function outputOf(...command: Command): Promise<string> {
  const chunks: Buffer[] = [];
  await runInto((chunk) => chunks.push(chunk), command);
  return Buffer.concat(chunks).toString();
}

/** Returns the length and hash of what a program prints, in the form of `summaryOf`. */
export async function summaryOfOutput(...command: Command): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  const add = (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  };
  await runInto(add, command);
  return `${bytes} ${hash.digest("hex")}`;
}

async function runInto(onChunk: (chunk: Buffer) => void, [program, ...args]: Command): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: patienceMs, killSignal: "SIGKILL" });
  let stderr = "";
  child.stdout.on("data", onChunk);
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await event(child, "close");
  if (code !== 0) {
    throw new Error(`${program} ended with ${code ?? signal}: ${stderr.trim().slice(-500)}`);
  }
}
