import assert from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import { client, type Fault, failsWith, ms, quantile, slackMs } from "./fault.js";
import { Process } from "./process.js";

/** The server is stopped while it has calls, as by a debugger or a frozen container. */
export const stopped: Fault = async ({ socket, engine }) => {
  const server = await new Process().serve({ options: { socket, engine } });
  const plain = client(socket);
  const watchful = client(socket, { keepAliveIntervalMs: 100, keepAliveTimeoutMs: 200 });
  await plain.echo.unary({});
  await watchful.echo.unary({});
  const stream = watchful.echo.serverStream({ count: 1, fault: { after: 1, hang: true } })[Symbol.asyncIterator]();
  await stream.next();
  server.signal("SIGSTOP");

  const deadlineMs = 500;
  const lateness: number[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const began = performance.now();
      await failsWith(plain.echo.unary({}, { timeoutMs: deadlineMs }), Code.DeadlineExceeded);
      lateness.push(performance.now() - began - deadlineMs);
    }),
  );
  assert.ok(Math.min(...lateness) > -5 && Math.max(...lateness) < slackMs, `late by ${lateness}`);

  const began = performance.now();
  await failsWith(stream.next(), Code.Unavailable);
  const noticedMs = performance.now() - began;
  assert.ok(noticedMs < 300 + slackMs, `the stream's end took ${noticedMs} ms`);
  await failsWith(watchful.echo.unary({}, { timeoutMs: 200 }), Code.DeadlineExceeded, Code.Unavailable);

  server.signal("SIGCONT");
  assert.equal((await watchful.echo.unary({ text: "replaced" })).text, "replaced");
  assert.equal((await plain.echo.unary({ text: "same" })).text, "same");

  server.signal("SIGSTOP");
  await failsWith(plain.echo.unary({}, { timeoutMs: 200 }), Code.DeadlineExceeded);
  await server.kill();
  const next = await new Process().serve({ options: { socket, engine } });
  for (const { echo } of [plain, watchful]) {
    assert.equal((await echo.unary({ text: "again" })).text, "again");
  }
  await plain.close();
  await watchful.close();
  await next.kill();
  return [
    `50 calls ended ${ms(quantile(lateness, 0.5))} after their deadline (worst ${ms(quantile(lateness, 1))})`,
    "keep-alive gave the connection up and the next was used",
    "calls succeeded after SIGCONT and after SIGKILL and a new start",
  ].join("; ");
};
