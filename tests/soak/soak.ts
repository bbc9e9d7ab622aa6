import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createChannel, type ServeOptions } from "@vyra/ipc";
import { client } from "../faults/fault.js";
import { kinds } from "./kinds.js";
import { type Holdings, measure } from "./measure.js";

export interface SoakOptions {
  readonly socket: string;
  readonly engine: NonNullable<ServeOptions["engine"]>;
  /** When to end: at the limit that is reached first. */
  readonly seconds: number;
  readonly calls: number;
  /** Called repeatedly to report progress. */
  onSample(calls: number, client: Holdings, server: Holdings): void;
}

export interface Soaked {
  readonly calls: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly reconnects: number;
  readonly wrong: readonly string[];
  /** The resources that were held after the warm-up, and then at intervals. */
  readonly client: readonly Holdings[];
  readonly server: readonly Holdings[];
}

/** The number of calls in flight at a time. */
const width = 32;
/** The number of calls on one connection, after which it is closed and another one is opened. */
const callsPerConnection = 5_000;
/** The share of the run at its start in which caches, code and heaps reach their size. */
const warmUpShare = 0.25;
const sampleCount = 12;

/** Makes calls of all kinds without a pause, and measures both processes while nothing is in flight. */
export async function soak({ socket, engine, seconds, calls: maxCalls, onSample }: SoakOptions): Promise<Soaked> {
  const child = fork(fileURLToPath(new URL("server.js", import.meta.url)), [socket, engine], {
    execArgv: ["--expose-gc"],
  });
  await once(child, "message");
  const byKind: Record<string, number> = {};
  const wrong: string[] = [];
  const samples: { client: Holdings[]; server: Holdings[] } = { client: [], server: [] };
  const totalWeight = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const begin = performance.now();
  /** Returns the share of the run that is over, by the limit that is nearer. */
  const progress = () => Math.max((performance.now() - begin) / (seconds * 1_000), calls / maxCalls);
  let calls = 0;
  let reconnects = 0;
  let { echo, channel } = client(socket);
  let callsHere = 0;
  try {
    for (let sample = 0; sample <= sampleCount; sample++) {
      const until = warmUpShare + (1 - warmUpShare) * (sample / sampleCount);
      while (progress() < until) {
        if (callsHere > callsPerConnection) {
          await channel.close();
          ({ echo, channel } = client(socket, { connections: 1 + (reconnects % 3) }));
          callsHere = 0;
          reconnects++;
        }
        await Promise.all(Array.from({ length: width }, () => callsInTurn(10)));
      }
      samples.client.push(await measure());
      samples.server.push(await ask(child));
      onSample(calls, samples.client.at(-1) as Holdings, samples.server.at(-1) as Holdings);
    }
  } finally {
    await channel.close();
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  // No server is running: calls that fail to connect must not leave anything behind either.
  for (let i = 0; i < 100; i++) {
    const nobody = createChannel(socket);
    await nobody.ready({ timeoutMs: 1 }).catch(() => {});
    await nobody.close();
  }
  return { calls, byKind, reconnects, wrong, ...samples };

  async function callsInTurn(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      let at = Math.random() * totalWeight;
      const kind = kinds.find(({ weight }) => {
        at -= weight;
        return at < 0;
      });
      if (kind === undefined) {
        continue;
      }
      calls++;
      callsHere++;
      byKind[kind.name] = (byKind[kind.name] ?? 0) + 1;
      try {
        await kind.run(echo);
      } catch (error) {
        wrong.push(`${kind.name}: ${error}`);
      }
    }
  }
}

async function ask(child: ChildProcess): Promise<Holdings> {
  child.send("measure");
  const [holdings] = await once(child, "message");
  return holdings;
}
