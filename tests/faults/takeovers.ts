import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { client, countLines, type Fault, load, ms, quantile } from "./fault.js";
import { Process } from "./process.js";

/** A new server takes over from the old one again and again, under 64 calls in flight and without retry(). */
export const takeovers: Fault = async ({ folder, socket, engine, quick }) => {
  const rounds = quick ? 10 : 50;
  const log = join(folder, "finished");
  const order = { options: { socket, engine, takeover: true, graceMs: 30_000 }, log };
  const { channel, echo, close } = client(socket);
  let old = await begin();
  await old.serve(order);
  await channel.ready();
  const calls = load(echo, 64, { delayMs: 10 });
  const durations: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const next = await begin();
    await delay(20 + Math.random() * 50);
    const beganAt = performance.now();
    await next.serve(order);
    durations.push(performance.now() - beganAt);
    await old.answer("ended");
    assert.deepEqual([...old.complaints, ...next.complaints], []);
    await old.kill();
    old = next;
  }
  await calls.stop();
  await close();
  await old.kill();
  const [first] = calls.failures;
  assert.equal(
    calls.failures.length,
    0,
    `${calls.failures.length} of ${calls.sent} calls lost: ${first?.error.message}`,
  );
  const finished = countLines(log);
  const twice = [...finished].filter(([, count]) => count !== 1);
  assert.deepEqual(twice, [], "processed more than once");
  assert.equal(finished.size, calls.sent, "as many were processed as were sent");
  return [
    `${rounds} takeovers under 64 calls in flight: ${calls.sent} calls sent, ` +
      `${calls.succeeded.size} succeeded, ${finished.size} processed, none twice`,
    `the new server was there after p50 ${ms(quantile(durations, 0.5))}, at worst ${ms(quantile(durations, 1))}`,
  ].join("; ");
};

async function begin(): Promise<Process> {
  const process = new Process();
  await process.answer("begun");
  return process;
}
