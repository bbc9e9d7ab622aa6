// Busy polling by real channels and servers, in this thread, in others and in other processes.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it, mock } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { mayBusyPoll } from "../dist/busy-poll/spare-cores.js";
import { turns } from "../dist/busy-poll/turns.js";
import { BackendService } from "../dist/gen/vyra/ipc/backend_service_pb.js";
import { type ChannelOptions, createChannel, type ServeOptions, serve } from "../dist/index.js";

const skip = mayBusyPoll() ? false : "this machine has one core";
const busyProcess = fileURLToPath(new URL("./support/busy-process.js", import.meta.url));
let counter = 0;

/** A server whose `getStatus` takes 20 ms and whose `processData` answers at once, and a client of it. */
async function setUp(serveOptions: Partial<ServeOptions> = {}, channelOptions: ChannelOptions = {}) {
  const socket = `busy-${process.pid}-${counter++}`;
  const server = await serve({
    socket,
    signals: false,
    graceMs: 100,
    routes: (router) =>
      router.service(BackendService, {
        async getStatus() {
          await delay(20);
          return { status: "late" };
        },
        processData: ({ data }) => ({ result: data }),
      }),
    ...serveOptions,
  });
  const channel = createChannel(socket, { timeoutMs: 60_000, ...channelOptions });
  const client = channel.client(BackendService);
  return {
    socket,
    client,
    async call(times: number) {
      for (let time = 0; time < times; time++) {
        assert.equal((await client.processData({ data: "x" })).result, "x");
      }
    },
    async [Symbol.asyncDispose]() {
      await channel.close();
      await server.close();
    },
  };
}

/** Makes calls until the loop turns for them. */
async function untilTurning({ call }: Awaited<ReturnType<typeof setUp>>): Promise<void> {
  const before = turns.count;
  while (turns.count === before) {
    await call(10);
  }
}

describe("an event loop", { skip }, () => {
  it("does not turn when nothing was called for a while", async () => {
    await using t = await setUp();
    await untilTurning(t);
    await delay(50);
    const before = turns.count;
    await delay(100);
    assert.equal(turns.count, before);
  });

  it("does not turn for a slow handler", async () => {
    await using t = await setUp();
    await untilTurning(t);
    for (let time = 0; time < 20; time++) {
      await t.client.getStatus({});
    }
    const before = turns.count;
    for (let time = 0; time < 20; time++) {
      await t.client.getStatus({});
    }
    assert.equal(turns.count, before);
  });

  it("turns for a server alone, and for a channel alone", async () => {
    for (const pair of [
      [{}, { busyPoll: false }],
      [{ busyPoll: false }, {}],
    ] as const) {
      await using t = await setUp(...pair);
      await untilTurning(t);
    }
  });

  it("does not turn if busyPoll is false", async () => {
    await using t = await setUp({ busyPoll: false }, { busyPoll: false });
    const before = turns.count;
    await t.call(1_000);
    assert.equal(turns.count, before);
  });

  it("turns while a test has replaced the timers", async () => {
    mock.timers.enable();
    try {
      await using t = await setUp();
      await untilTurning(t);
    } finally {
      mock.timers.reset();
    }
  });

  it("does not keep the context of the call for which it turns", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    await storage.run("a call's", () => {
      return new Promise<void>((resolve) => {
        turns.start({
          onTurn() {
            seen.push(storage.getStore());
            const isOver = seen.length === 3;
            if (isOver) {
              resolve();
            }
            return !isOver;
          },
        });
      });
    });
    assert.deepEqual(seen, [undefined, undefined, undefined]);
  });

  it("lets its process end while it turns", async () => {
    await using t = await setUp();
    const child = spawn(process.execPath, [busyProcess, t.socket], { stdio: ["ignore", "pipe", "inherit"] });
    const [[status], output] = await Promise.all([once(child, "close"), once(child.stdout, "data")]);
    assert.equal(String(output), "turned\n");
    assert.equal(status, 0);
  });

  it("lets its worker thread end while it turns", async () => {
    await using t = await setUp();
    const worker = new Worker(busyProcess, { workerData: t.socket });
    const [[status], [output]] = await Promise.all([once(worker, "exit"), once(worker, "message")]);
    assert.equal(output, "turned\n");
    assert.equal(status, 0);
  });
});
