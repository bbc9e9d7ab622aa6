// Tests servers of other implementations that end each connection when it reaches a maximum age, while calls are made.
// docs/guide/restarts.md promises that no call is lost.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { rmSync } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { createChannel, NotProcessedError } from "@vyra/ipc";
import type { StreamingOutputCallRequestSchema } from "../gen/grpc/testing/messages_pb.js";
import { TestService } from "../gen/grpc/testing/test_pb.js";
import { Program } from "../support/programs.js";
import { messageOf } from "../support/runner.js";
import type { EngineName, ServingPrograms } from "./peers.js";

/** The age at which a connection is ended, and how long its calls may then take, in milliseconds. */
export const maxAgeMs = 200;
const graceMs = 20_000;

const wanted = { connections: 8, unary: 2_000, streams: 12 };
const giveUpMs = 120_000;
const readyMs = 20_000;

type Counts = Record<keyof typeof wanted, number>;

/**
 * Calls a server until it has ended its connection often enough.
 *
 * @param programs the programs of a peer whose server reads MAX_CONNECTION_AGE_MS and MAX_CONNECTION_AGE_GRACE_MS
 * @param engine the engine of our client
 * @returns what went wrong
 */
export async function runAges(
  programs: ServingPrograms,
  engine: EngineName,
  module: string,
): Promise<readonly string[]> {
  const path = `/tmp/${module}_ipc.sock`;
  let ready = () => {};
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const server = new Program(programs.server(path), {
    env: {
      ...programs.env,
      MAX_CONNECTION_AGE_MS: String(maxAgeMs),
      MAX_CONNECTION_AGE_GRACE_MS: String(graceMs),
    },
    onLine: ready,
  });
  try {
    const late = delay(readyMs, "late", { ref: false });
    if ((await Promise.race([isReady, server.ended, late])) === "late") {
      throw new Error(`the server was not ready within ${readyMs} ms`);
    }
    return await callAcrossAges(path, engine);
  } catch (error) {
    return [`${messageOf(error)} ${server.stderr}`];
  } finally {
    server.kill("SIGKILL");
    await server.ended;
    rmSync(path, { force: true });
  }
}

async function callAcrossAges(path: string, engine: EngineName): Promise<readonly string[]> {
  const problems: string[] = [];
  const done: Counts = { connections: 0, unary: 0, streams: 0 };
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    socket.once("connect", () => done.connections++);
  };
  const isShort = () => Object.entries(wanted).some(([what, count]) => done[what as keyof Counts] < count);
  subscribe("net.client.socket", onSocket);
  const channel = createChannel(path, { engine, timeoutMs: 60_000 });
  const client = channel.client(TestService);
  const endsAt = performance.now() + giveUpMs;
  const isOver = () => problems.length > 0 || performance.now() > endsAt || !isShort();
  const repeat = async (what: keyof Counts, call: () => Promise<unknown>) => {
    while (!isOver()) {
      try {
        await call();
        done[what]++;
      } catch (error) {
        // As docs/guide/restarts.md says, a call with several requests, some of them sent, fails if the server refuses
        // it.
        const cause = error instanceof Error ? error.cause : undefined;
        if (what === "streams" && cause instanceof NotProcessedError) {
          continue;
        }
        problems.push(`after ${JSON.stringify(done)}, ${what}: ${error}, caused by ${cause}`);
      }
    }
  };
  try {
    await Promise.all([
      ...Array.from({ length: 8 }, () => repeat("unary", () => client.unaryCall({ responseSize: 10 }))),
      ...Array.from({ length: 2 }, () => repeat("streams", () => talk(client))),
    ]);
    if (problems.length === 0 && isShort()) {
      problems.push(`only ${JSON.stringify(done)} within ${giveUpMs} ms`);
    }
    return problems;
  } finally {
    unsubscribe("net.client.socket", onSocket);
    await channel.close();
  }
}

/** Makes a call that lasts longer than a connection may. Requests and responses alternate. */
async function talk(client: Client<typeof TestService>): Promise<void> {
  const endsAt = performance.now() + 2 * maxAgeMs;
  let asked = 0;
  let answered = 0;
  let next = () => {};
  async function* requests(): AsyncGenerator<MessageInitShape<typeof StreamingOutputCallRequestSchema>> {
    while (performance.now() < endsAt) {
      const answer = new Promise<void>((resolve) => {
        next = resolve;
      });
      asked++;
      yield { responseParameters: [{ size: 10 }] };
      await answer;
    }
  }
  for await (const { payload } of client.fullDuplexCall(requests())) {
    if (payload?.body.length !== 10) {
      throw new Error(`a payload of ${payload?.body.length} bytes instead of 10`);
    }
    answered++;
    next();
  }
  if (asked !== answered) {
    throw new Error(`${asked} requests and ${answered} answers`);
  }
}
