import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../contract/job.js";
import type { ClientLine, Usage } from "../contract/lines.js";
import type { Measurement } from "../figures/measurement.js";
import type { Ready } from "../peers/peer.js";
import { countedInstructions, startCounting, underCallgrind } from "./callgrind.js";
import { Crowd } from "./crowd.js";
import { busyMs } from "./machine.js";
import { Program } from "./program.js";

const startMs = 60_000;
/** The time that a program may take in addition to its job: draining open calls may be slow. */
const patienceMs = 90_000;

/** Starts a peer's server and client, lets the client do the job, and ends both. */
export async function measure(peer: Ready, job: Job): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), "vyra-bench-"));
  const socket = join(folder, "peer.sock");
  const args = [socket, JSON.stringify(job)];
  const start = (command: readonly string[]) =>
    new Program([...(peer.isCounted ? underCallgrind(command, folder) : command), ...args], peer.env ?? {});
  const serverStartedAt = performance.now();
  const server = peer.server && start(peer.server);
  let client: Program | undefined;
  let crowd: Crowd | undefined;
  try {
    await server?.line(startMs);
    crowd = job.crowd && (await Crowd.gather(job, (own) => new Program([...peer.client, socket, own], peer.env ?? {})));
    const clientStartedAt = performance.now();
    client = start(peer.client);
    const warm = job.kind === "first-call" || job.kind === "import" ? nothing : await warmUp(client, server, job);
    const count = peer.isCounted && (await counting(folder, client, server));
    const from = { at: performance.now(), busyMs: busyMs(), crowdMs: crowd?.busyMs() ?? 0 };
    client.tell("go");
    const done = await clientLine(client, "done", job.measureMs + patienceMs);
    const to = { at: performance.now(), busyMs: busyMs(), crowdMs: crowd?.busyMs() ?? 0 };
    const counts = count && (await count());
    const serverDone = await usageOf(server, done);
    const pairUs = done.usage.cpuUs - warm.client.cpuUs + serverDone.cpuUs - warm.server.cpuUs;
    const ownMs = pairUs / 1000 + to.crowdMs - from.crowdMs;
    return {
      serverStartMs: server && clientStartedAt - serverStartedAt,
      clientMs: to.at - clientStartedAt,
      client: { warm: warm.client, done },
      server: { warm: warm.server, done: serverDone },
      ...(counts && { instructions: counts }),
      disturbance: Math.max(0, to.busyMs.used - from.busyMs.used - ownMs) / (to.busyMs.all - from.busyMs.all),
    };
  } finally {
    await client?.end();
    await crowd?.disperse();
    await server?.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

const nothing = { client: { cpuUs: 0, rssBytes: 0 }, server: { cpuUs: 0, rssBytes: 0 } };

async function warmUp(client: Program, server: Program | undefined, job: Job) {
  const line = await clientLine(client, "warm", startMs + job.warmMs + patienceMs);
  return { client: line.usage, server: await usageOf(server, line) };
}

/** Starts counting instructions, and returns a function that ends it. */
async function counting(folder: string, client: Program, server: Program | undefined) {
  for (const { pid } of server === undefined ? [client] : [client, server]) {
    await startCounting(pid);
  }
  return async () => ({
    client: await countedInstructions(client.pid, folder),
    server: server === undefined ? 0 : await countedInstructions(server.pid, folder),
  });
}

async function clientLine<At extends ClientLine["at"]>(client: Program, at: At, timeoutMs: number) {
  const line = JSON.parse(await client.line(timeoutMs)) as ClientLine;
  if (line.at !== at) {
    throw new Error(`client said ${line.at}, expected ${at}`);
  }
  return line as Extract<ClientLine, { at: At }>;
}

async function usageOf(server: Program | undefined, line: ClientLine): Promise<Usage> {
  if (server === undefined) {
    return line.serverUsage ?? nothing.server;
  }
  server.tell("usage");
  return JSON.parse(await server.line(patienceMs)) as Usage;
}
