import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { client, countLines, type Fault, load, ms, quantile, wasNotProcessed } from "./fault.js";
import { Process } from "./process.js";

/** Servers are killed under load, one after the other. */
export const kills: Fault = async ({ folder, socket, engine, quick }) => {
  const rounds = quick ? 15 : 200;
  const log = join(folder, "finished");
  const order = { options: { socket, engine }, log };
  const { channel, echo, close } = client(socket);
  let server = await begin();
  await server.serve(order);
  await channel.ready();
  const calls = load(echo, 16, { delayMs: 4 });
  const outages: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const next = await begin();
    await delay(20 + Math.random() * 80);
    const killedAt = performance.now();
    await server.kill();
    server = await next.serve(order);
    await channel.ready({ timeoutMs: 30_000 });
    const before = calls.succeeded.size;
    while (calls.succeeded.size === before) {
      assert.ok(performance.now() - killedAt < 30_000, `round ${round}: the client does not recover`);
      await delay(1);
    }
    outages.push(performance.now() - killedAt);
  }
  await calls.stop();
  await close();
  await server.kill();
  const finished = countLines(log);
  const untrue = [...calls.succeeded].filter((id) => !finished.has(id));
  assert.deepEqual(untrue, [], "reported successful, but no server finished them");
  const twice = [...finished].filter(([, count]) => count > 1);
  assert.deepEqual(twice, [], "processed more than once");
  for (const { error } of calls.failures) {
    assert.equal(Code[error.code], "Unavailable", error.message);
  }
  const wrongly = calls.failures.filter(({ id, error }) => wasNotProcessed(error) && finished.has(id));
  assert.deepEqual(wrongly, [], "said not to be processed, but a server finished them");
  const lost = calls.failures.filter(({ error }) => !wasNotProcessed(error)).length;
  return [
    `${rounds} kills, every next start succeeded`,
    `${calls.succeeded.size} calls succeeded and all were finished by a server, ` +
      `${lost} in flight failed with Unavailable, ${calls.failures.length - lost} were never processed`,
    `outage p50 ${ms(quantile(outages, 0.5))}, worst ${ms(quantile(outages, 1))}`,
  ].join("; ");
};

async function begin(): Promise<Process> {
  const process = new Process();
  await process.answer("begun");
  return process;
}
