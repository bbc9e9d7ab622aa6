// Servers of other makes that end each connection when it has become old, while calls go on: docs/guide/restarts.md says that none is lost.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createChannel, NotProcessedError } from "@vyra/ipc";
import { TestService } from "../dist/gen/grpc/testing/test_pb.js";
import { Program } from "./processes.mjs";

/** How old a connection becomes, and how long its calls may then take, in milliseconds. */
export const maxAgeMs = 200;
const graceMs = 20_000;

const wanted = { connections: 8, unary: 2_000, streams: 12 };
const giveUpMs = 120_000;
const readyMs = 20_000;

/**
 * Calls a server until it has ended its connection often enough.
 *
 * @param {import("./peers.mjs").Peer} peer whose server heeds MAX_CONNECTION_AGE_MS and MAX_CONNECTION_AGE_GRACE_MS
 * @param {string} engine of our client
 * @returns {Promise<string[]>} what went wrong
 */
export async function runAges(peer, tools, engine, module) {
  const path = `/tmp/${module}_ipc.sock`;
  let ready = () => {};
  const isReady = new Promise((resolve) => {
    ready = resolve;
  });
  const server = new Program(peer.server(tools, path), {
    env: {
      ...peer.env?.(tools),
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
    return [`${error.message} ${server.stderr}`];
  } finally {
    server.kill("SIGKILL");
    await server.ended;
    rmSync(path, { force: true });
  }
}

async function callAcrossAges(path, engine) {
  const problems = [];
  const done = { connections: 0, unary: 0, streams: 0 };
  const onSocket = ({ socket }) => {
    socket.once("connect", () => done.connections++);
  };
  subscribe("net.client.socket", onSocket);
  const channel = createChannel(path, { engine, timeoutMs: 60_000 });
  const client = channel.client(TestService);
  const endsAt = performance.now() + giveUpMs;
  const isOver = () =>
    problems.length > 0 ||
    performance.now() > endsAt ||
    Object.entries(wanted).every(([what, count]) => done[what] >= count);
  const repeat = async (what, call) => {
    while (!isOver()) {
      try {
        await call();
        done[what]++;
      } catch (error) {
        // As docs/guide/restarts.md has it: a call that the server refuses is given back where some of several requests
        // have been sent.
        if (what === "streams" && error.cause instanceof NotProcessedError) {
          continue;
        }
        problems.push(`after ${JSON.stringify(done)}, ${what}: ${error}, caused by ${error.cause}`);
      }
    }
  };
  try {
    await Promise.all([
      ...Array.from({ length: 8 }, () => repeat("unary", () => client.unaryCall({ responseSize: 10 }))),
      ...Array.from({ length: 2 }, () => repeat("streams", () => talk(client))),
    ]);
    if (problems.length === 0 && Object.entries(wanted).some(([what, count]) => done[what] < count)) {
      problems.push(`only ${JSON.stringify(done)} within ${giveUpMs} ms`);
    }
    return problems;
  } finally {
    unsubscribe("net.client.socket", onSocket);
    await channel.close();
  }
}

/** A stream that is older than its connection may become: request and answer take turns. */
async function talk(client) {
  const endsAt = performance.now() + 2 * maxAgeMs;
  let asked = 0;
  let answered = 0;
  let next = () => {};
  async function* requests() {
    while (performance.now() < endsAt) {
      const answer = new Promise((resolve) => {
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
