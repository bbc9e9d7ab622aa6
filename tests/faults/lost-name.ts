import assert from "node:assert/strict";
import { lstatSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { client, type Fault, isServed, load, ms, quantile, slackMs } from "./fault.js";
import { Process } from "./process.js";

/** The socket file of a running server is deleted, or replaced by another file. */
export const lostName: Fault = async ({ socket, engine, quick }) => {
  const rounds = quick ? 5 : 50;
  const server = await new Process().serve({ options: { socket, engine } });
  const { echo, close } = client(socket);
  await echo.unary({});
  const calls = load(echo, 8, { delayMs: 1 });
  const gaps: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { ino } = lstatSync(socket);
    const began = performance.now();
    unlinkSync(socket);
    for (;;) {
      const now = lstatSync(socket, { throwIfNoEntry: false });
      if (now !== undefined && now.ino !== ino) {
        break;
      }
      assert.ok(performance.now() - began < 10_000, `round ${round}: the socket did not come back`);
      await delay(1);
    }
    gaps.push(performance.now() - began);
    await isServed(socket);
  }
  await calls.stop();
  assert.deepEqual(calls.failures, [], "calls on a connection that was there do not notice");
  assert.deepEqual(server.complaints, []);

  writeFileSync(`${socket}.other`, "not a socket");
  const began = performance.now();
  renameSync(`${socket}.other`, socket);
  await server.answer("ended");
  const endedMs = performance.now() - began;
  assert.ok(endedMs < 5_000 + slackMs, `took ${endedMs} ms to give up`);
  assert.match(server.complaints.join(), /another file has taken the place/);
  assert.ok(lstatSync(socket).isFile(), "what took its place is left alone");
  unlinkSync(socket);
  await close();
  await server.kill();
  return [
    `deleted ${rounds} times: published again after p50 ${ms(quantile(gaps, 0.5))}, ` +
      `at worst ${ms(quantile(gaps, 1))}, ${calls.succeeded.size} calls meanwhile and none lost`,
    `replaced: said so and closed after ${ms(endedMs)}, the other file untouched`,
  ].join("; ");
};
