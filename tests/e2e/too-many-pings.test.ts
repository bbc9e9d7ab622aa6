import "../support/follow-fake-timers.js"; // before what is tested
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { it, mock } from "node:test";
import { Code } from "@connectrpc/connect";
import { createChannel } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName, pathOf } from "../support/engines.js";
import { failure } from "../support/expect.js";
import { rawServer } from "../support/raw.js";

leaveNothingBehind();

const enhanceYourCalm = 0xb;
const intervalMs = 10_000;

it("a server that finds the pings too many is asked half as often on the next connection, each time", async (t) => {
  mock.timers.enable({ apis: ["setInterval"] });
  t.after(() => mock.timers.reset());
  const name = freshName();
  let pings = 0;
  await using server = await rawServer(pathOf(name), (stream, headers) => {
    if (headers[":path"]?.endsWith("/Unary")) {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "10" }, { endStream: true });
    }
  });
  server.http2.on("session", (session) => session.on("ping", () => pings++));
  await using channel = createChannel(name, { keepAliveIntervalMs: intervalMs, timeoutMs: 60_000 });
  const client = channel.client(EchoService);

  for (const factor of [1, 2, 4]) {
    pings = 0;
    const begun = once(server.http2, "stream");
    const call = failure(client.clientStream((async function* () {})()), Code.Unavailable);
    const [stream] = (await begun) as [ServerHttp2Stream];
    const session = stream.session as ServerHttp2Session;
    for (let i = 1; i < factor; i++) {
      mock.timers.tick(intervalMs);
      // A response that arrives now was sent at a time when a PING would already have been sent.
      await failure(client.unary({}), Code.Aborted);
      assert.equal(pings, 0, `after ${i} intervals of ${factor}`);
    }
    const asked = once(session, "ping");
    mock.timers.tick(intervalMs);
    await asked;
    session.goaway(enhanceYourCalm, stream.id, Buffer.from("too_many_pings"));
    session.destroy();
    await call;
  }
});
