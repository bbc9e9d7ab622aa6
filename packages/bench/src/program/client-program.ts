import { on } from "node:events";
import { createInterface } from "node:readline";
import type { Job } from "../contract/job.js";
import type { ClientLine, Usage } from "../contract/lines.js";
import { runCalls } from "../load/calls.js";
import { type Connection, fail } from "../load/connection.js";
import { runDownload } from "../load/download.js";
import { callOnce, runHold } from "../load/hold.js";
import { runOpenLoop } from "../load/open-loop.js";
import { runPingPong } from "../load/ping-pong.js";
import type { Tally } from "../load/tally.js";
import { runUpload } from "../load/upload.js";
import { programArguments } from "./arguments.js";
import { keepObjects } from "./live-objects.js";
import { usageNow } from "./usage.js";

type Connect = () => Promise<Connection>;
/** Does the job once, for this long; at this rate, if one is given. */
type Run = (ms: number, rate?: number) => Promise<Tally>;

/**
 * Runs a peer's client in the way that contract/lines.ts requires.
 *
 * @param connect is called once for each connection.
 * @param usageOfServer returns the usage of the server, if the client itself starts it.
 */
export async function clientProgram(
  connect: (address: string, job: Job, own: readonly string[]) => Connection | Promise<Connection>,
  usageOfServer?: () => Promise<Usage>,
): Promise<void> {
  const { address, job, own } = programArguments();
  process.on("unhandledRejection", fail);
  keepObjects(job.liveObjects);
  const input = createInterface(process.stdin);
  input.on("close", () => process.exit());
  const run = await prepare(async () => connect(address, job, own), job);
  if (job.kind === "first-call") {
    await report(0);
    return;
  }
  // The lines are read before the first one can come: readline drops those that nobody listens for.
  const lines = on(input, "line") as AsyncIterable<[string]>;
  say({ at: "ready", ...(await usages()) });
  for await (const [line] of lines) {
    const [, ms, rate] = line.split(" ");
    await report(Number(ms), rate === undefined ? undefined : Number(rate));
  }

  async function report(ms: number, rate?: number): Promise<void> {
    const tally = await run(ms, rate);
    say({ at: "done", ...(await usages()), ...tally });
  }

  async function usages() {
    const usage = usageNow(job);
    return usageOfServer === undefined ? { usage } : { usage, serverUsage: await usageOfServer() };
  }
}

function say(line: ClientLine): void {
  console.log(JSON.stringify(line));
}

async function prepare(connect: Connect, job: Job): Promise<Run> {
  const payload = new Uint8Array(job.payloadBytes).fill(0x61);
  const first = await connect();
  switch (job.kind) {
    case "calls": {
      const connections = [first, ...(await connectMore(connect, job.connections - 1))];
      return (ms, rate) =>
        rate === undefined
          ? runCalls(connections, payload, job, ms)
          : runOpenLoop(connections, payload, job, { ms, rate });
    }
    case "ping-pong": {
      const connections = [first, ...(await connectMore(connect, job.connections - 1))];
      return (ms) => runPingPong(connections, payload, job, ms);
    }
    case "download": {
      const connections = [first, ...(await connectMore(connect, job.connections - 1))];
      return (ms) => runDownload(connections, job.payloadBytes, ms);
    }
    case "upload":
      return (ms) => runUpload(first, payload, ms);
    case "hold":
      return holdAfterOneCall(connect, first, payload, job);
    case "first-call":
    case "import": // the suite `import` has its own program
      return () => once(first, payload);
  }
}

async function connectMore(connect: Connect, count: number): Promise<Connection[]> {
  const connections: Connection[] = [];
  while (connections.length < count) {
    connections.push(await connect());
  }
  return connections;
}

/**
 * The baseline is a program that has made a call, so that whatever is loaded with the first call does not count as
 * held.
 */
function holdAfterOneCall(connect: Connect, first: Connection, payload: Uint8Array, job: Job): Run {
  let isWarm = false;
  return async () => {
    if (isWarm) {
      return runHold(connect, first, payload, job);
    }
    isWarm = true;
    return once(first, payload);
  };
}

async function once(connection: Connection, payload: Uint8Array): Promise<Tally> {
  const startedAt = performance.now();
  await callOnce(connection, payload);
  return { count: 1, seconds: (performance.now() - startedAt) / 1000 };
}
