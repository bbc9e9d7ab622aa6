import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { EchoRequestSchema } from "../gen/vyra/test/echo_pb.js";
import { envelope, rawRequest, rawSession, statusOf } from "../support/raw.js";
import { client, type Fault, failsWith, ms, quantile, slackMs } from "./fault.js";
import { Process } from "./process.js";

/** The wall clock jumps by up to a day, back and forth, on both sides. */
export const clock: Fault = async ({ socket, engine }) => {
  const server = await new Process().serve({ options: { socket, engine }, clockJumps: true });
  const { now } = Date;
  const lateness: number[] = [];
  const timed = async (timeoutMs: number, act: () => Promise<unknown>) => {
    const began = performance.now();
    await act();
    const lateMs = performance.now() - began - timeoutMs;
    assert.ok(lateMs > -20 && lateMs < slackMs, `a deadline of ${timeoutMs} ms was ${lateMs} ms late`);
    lateness.push(lateMs);
  };
  const session = rawSession(socket);
  const { echo, close } = client(socket);
  try {
    Date.now = () => now() + (Math.random() - 0.5) * 2 * 86_400_000;
    const hang = { hang: true, ignoreCancel: true };
    for (let round = 0; round < 5; round++) {
      await timed(200, () => failsWith(echo.unary({ fault: hang }, { timeoutMs: 200 }), Code.DeadlineExceeded));
      // This client has no timer, so the deadline is the server's own.
      await timed(200, async () => {
        const body = envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, { fault: hang })));
        const headers = { ":path": "/vyra.test.EchoService/UnaryIdempotent", "grpc-timeout": "200m" };
        assert.equal(statusOf(await rawRequest(session, headers, body)), Code.DeadlineExceeded);
      });
      assert.equal((await echo.unary({ text: "in time", delayMs: 100 }, { timeoutMs: 20_000 })).text, "in time");
    }
  } finally {
    Date.now = now;
    session.destroy();
    await close();
  }
  await server.kill();
  return [
    `${lateness.length} deadlines of 200 ms, the client's and the server's, ` +
      `ended ${ms(quantile(lateness, 0.5))} late (worst ${ms(quantile(lateness, 1))}) while Date jumped by up to a day`,
    "5 calls within theirs succeeded",
  ].join("; ");
};
