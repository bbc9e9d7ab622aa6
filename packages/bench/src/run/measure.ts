import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../contract/job.js";
import type { ClientLine, Done, Usage } from "../contract/lines.js";
import type { Measurement } from "../figures/measurement.js";
import type { Durations } from "../figures/results.js";
import type { Ready } from "../peers/peer.js";
import { countedInstructions, startCounting, underCallgrind } from "./callgrind.js";
import { Crowd } from "./crowd.js";
import { busyMs } from "./machine.js";
import { Program } from "./program.js";
import { warmUp } from "./warm-up.js";

const startMs = 60_000;
/** The time that a program may take in addition to its job: draining open calls may be slow. */
const patienceMs = 90_000;

/** Starts a peer's server and client, has the client warm up and then do the job, and ends both. */
export async function measure(
  peer: Ready,
  { warmMs, settle, measureMs, ...job }: Job & Durations,
): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), "vyra-bench-"));
  const socket = join(folder, "peer.sock");
  const program = (command: readonly string[], own: Job) =>
    new Program([...command, socket, JSON.stringify(own)], peer.env ?? {});
  const start = (command: readonly string[]) =>
    program(peer.isCounted ? underCallgrind(command, folder) : command, job);
  const serverStartedAt = performance.now();
  const server = peer.server && start(peer.server);
  let client: Program | undefined;
  let crowd: Crowd | undefined;
  try {
    await server?.line(startMs);
    crowd = job.crowd && (await Crowd.gather({ ...job, ...job.crowd }, warmMs, (own) => program(peer.client, own)));
    const clientStartedAt = performance.now();
    client = start(peer.client);
    const runs = new Runs(client, server);
    const isAtOnce = job.kind === "first-call" || job.kind === "import";
    const isLasting = !isAtOnce && job.kind !== "hold";
    if (!isAtOnce) {
      await runs.ready();
    }
    const warm = isAtOnce ? undefined : await warmUp(runs, { warmMs, settle: isLasting ? settle : undefined });
    const before = isAtOnce ? nothing : await runs.usages();
    const count = peer.isCounted && (await counting(folder, client, server));
    const from = { at: performance.now(), busyMs: busyMs(), crowdMs: crowd?.busyMs() ?? 0 };
    const done = isAtOnce ? await runs.done(measureMs) : await runs.run(measureMs, job.rate);
    const to = { at: performance.now(), busyMs: busyMs(), crowdMs: crowd?.busyMs() ?? 0 };
    const counts = count && (await count());
    const after = await runs.usages();
    const pairUs = after.client.cpuUs - before.client.cpuUs + after.server.cpuUs - before.server.cpuUs;
    const ownMs = pairUs / 1000 + to.crowdMs - from.crowdMs;
    return {
      serverStartMs: server && clientStartedAt - serverStartedAt,
      clientMs: to.at - clientStartedAt,
      ...(isLasting && warm && { warm }),
      client: { warm: before.client, done },
      server: { warm: before.server, done: after.server },
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

const unused: Usage = { cpuUs: 0, rssBytes: 0 };
const nothing = { client: unused, server: unused };

/** The runs of a client, and what it and its server have used so far. */
class Runs {
  #last: ClientLine | undefined;

  constructor(
    private readonly client: Program,
    private readonly server: Program | undefined,
  ) {}

  async ready(): Promise<void> {
    await this.#line("ready", startMs);
  }

  /** Has the client do its job for this long. */
  run(ms: number, rate?: number): Promise<Done> {
    this.client.tell(rate === undefined ? `run ${ms}` : `run ${ms} ${rate}`);
    return this.done(ms);
  }

  done(ms: number): Promise<Done> {
    return this.#line("done", ms + patienceMs);
  }

  async usages(): Promise<{ readonly client: Usage; readonly server: Usage }> {
    const client = this.#last?.usage ?? unused;
    if (this.server === undefined) {
      return { client, server: this.#last?.serverUsage ?? unused };
    }
    this.server.tell("usage");
    return { client, server: JSON.parse(await this.server.line(patienceMs)) as Usage };
  }

  async #line<At extends ClientLine["at"]>(at: At, timeoutMs: number) {
    const line = JSON.parse(await this.client.line(timeoutMs)) as ClientLine;
    if (line.at !== at) {
      throw new Error(`client said ${line.at}, expected ${at}`);
    }
    this.#last = line;
    return line as Extract<ClientLine, { at: At }>;
  }
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
