import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Channel, type ClusterMember, createChannel } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { freshName, pathOf } from "./engines.js";
import { later } from "./expect.js";

export type Client = ReturnType<typeof clientOf>;

function clientOf(channel: Channel) {
  return channel.client(EchoService);
}

/** The interval at which a cluster's state is checked, in milliseconds. */
const pauseMs = 10;

/** A cluster in its own processes, with channels to it. */
export async function startCluster(engine: string, options: object, name = freshName()) {
  const script = fileURLToPath(new URL("../support/cluster-process.js", import.meta.url));
  const args = [script, name, engine, JSON.stringify({ graceMs: 3_600_000, ...options })];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdin.on("error", () => {});
  const primaryEnded = once(child, "exit");
  // The workers share this standard output, so its end means that all of them have ended.
  const ended = once(child, "close");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await lines.next()).value ?? assert.fail(`the cluster ended: ${stderr}`);
  const tell = (what: string) => child.stdin.write(`${what}\n`);
  const ask = (what: string) => {
    tell(what);
    return line();
  };
  const channels: Channel[] = [];
  await line().catch(async (error: unknown) => {
    await ended;
    throw error;
  });
  const workers = async (): Promise<ClusterMember[]> => JSON.parse(await ask("workers"));
  const answering = async (client: Client) => Number((await client.unary({})).text.split(" ")[1]);
  return {
    name,
    path: pathOf(name),
    pid: child.pid as number,
    primaryEnded,
    ended,
    line,
    tell,
    ask,
    workers,
    open(connections: number): Client {
      const channel = createChannel(name, { connections });
      channels.push(channel);
      return clientOf(channel);
    },
    answering,
    async untilAnotherThan(pid: number, client: Client): Promise<void> {
      while ((await answering(client)) === pid) {
        await pause(pauseMs);
      }
    },
    async untilConnected(): Promise<void> {
      while (!(await workers()).some(({ connections }) => connections > 0)) {
        await pause(pauseMs);
      }
    },
    async untilThereAre(count: number): Promise<ClusterMember[]> {
      for (;;) {
        const now = await workers();
        if (now.length === count) {
          return now;
        }
        await pause(pauseMs); // asked without a pause, the cluster would have no time to start them
      }
    },
    async [Symbol.asyncDispose]() {
      for (const channel of channels) {
        await channel.close();
      }
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** A call that lasts until the test ends it. */
export function conversation(client: Client) {
  let next = later<boolean>();
  const answers = client
    .bidiStream(
      (async function* () {
        while (await next.promise) {
          next = later<boolean>();
          yield {};
        }
      })(),
      { timeoutMs: 60_000 },
    )
    [Symbol.asyncIterator]();
  return {
    async exchange(): Promise<void> {
      next.resolve(true);
      assert.equal((await answers.next()).done, false);
    },
    async end(): Promise<void> {
      next.resolve(false);
      assert.equal((await answers.next()).done, true);
    },
  };
}
