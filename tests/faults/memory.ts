import assert from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import { client, type Fault, failsWith, isServed, ms, wasNotProcessed } from "./fault.js";
import { Process } from "./process.js";

/** A handler exhausts its process' memory. */
export const memory: Fault = async ({ socket, engine }) => {
  const order = { options: { socket, engine } };
  const server = await new Process({ flags: ["--max-old-space-size=48"] }).serve(order);
  const { echo, close } = client(socket);
  await echo.unary({});
  const others = Array.from({ length: 63 }, () => failsWith(echo.unary({ delayMs: 60_000 }), Code.Unavailable));
  const began = performance.now();
  const errors = await Promise.all([failsWith(echo.unary({ text: "exhaust memory" }), Code.Unavailable), ...others]);
  const diedMs = performance.now() - began;
  assert.ok(!errors.some(wasNotProcessed), "nobody may say that these were never processed");
  await server.exited;
  const next = await new Process().serve(order);
  assert.deepEqual(next.complaints, []);
  assert.equal((await echo.unary({ text: "again" })).text, "again");
  const newcomerMs = await isServed(socket);
  await close();
  await next.kill();
  return [
    `the process died after ${ms(diedMs)}`,
    `all ${errors.length} callers got Unavailable`,
    `the next start was clean and served (${ms(newcomerMs)})`,
  ].join("; ");
};
