import assert from "node:assert/strict";
import { Agent, type RequestOptions, request } from "node:http";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { Code, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { pathOf, type Setup, serverEngines, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";
import { rawRequest, rawSession } from "../support/raw.js";

leaveNothingBehind();

for (const server of serverEngines) {
  describe(`the ${server} server's socket`, () => {
    const setUpServer = () => setUp({ client: server, server });
    const socketOf = (t: Setup) => pathOf(t.server.address);

    for (const [name, create] of [
      ["Connect", createConnectTransport],
      ["gRPC-Web", createGrpcWebTransport],
    ] as const) {
      it(`answers ${name} over HTTP/1.1`, async () => {
        await using t = await setUpServer();
        const agent = new Agent({ keepAlive: true });
        const nodeOptions = { socketPath: socketOf(t), agent };
        await exercise(create({ httpVersion: "1.1", baseUrl: "http://localhost", nodeOptions }), t, false);
        agent.destroy();
      });

      it(`answers ${name} over HTTP/2`, async () => {
        await using t = await setUpServer();
        const manager = new Http2SessionManager(
          "http://localhost",
          {},
          { createConnection: () => connect(socketOf(t)) },
        );
        await exercise(create({ httpVersion: "2", baseUrl: "http://localhost", sessionManager: manager }), t, true);
        manager.abort();
      });
    }

    it("answers JSON as curl sends it, over HTTP/1.1 and HTTP/2", async () => {
      await using t = await setUpServer();
      const body = JSON.stringify({ text: "curl" });
      const path = "/vyra.test.EchoService/Unary";
      const headers = { "content-type": "application/json" };
      const response = await http1({ socketPath: socketOf(t), path, method: "POST", headers }, body);
      assert.deepEqual(JSON.parse(response), { text: "curl" });

      const session = rawSession(socketOf(t));
      const json = await rawRequest(session, { ":path": path, "content-type": "application/json" }, Buffer.from(body));
      assert.equal(json.headers[":status"], 200);
      assert.deepEqual(JSON.parse(json.body.toString()), { text: "curl" });
      session.destroy();
    });

    it("answers a GET of a method without side effects", async () => {
      await using t = await setUpServer();
      const message = encodeURIComponent(JSON.stringify({ text: "get" }));
      const path = `/vyra.test.EchoService/UnaryNoSideEffects?connect=v1&encoding=json&message=${message}`;
      assert.deepEqual(JSON.parse(await http1({ socketPath: socketOf(t), path })), { text: "get" });
    });
  });
}

function http1(options: RequestOptions, body = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ ...options, agent: false }, async (res) => resolve((await all(res.setEncoding("utf8"))).join("")))
      .on("error", reject)
      .end(body);
  });
}

async function exercise(transport: Transport, t: Setup, isHttp2: boolean): Promise<void> {
  const client = createClient(EchoService, transport);
  assert.equal((await client.unary({ text: "hi" }, { headers: { "echo-x": "y" } })).text, "hi");
  assert.equal((await all(client.serverStream({ count: 20 }))).length, 20);
  const large = await client.unary({ payload: new Uint8Array(3 << 20) });
  assert.equal(large.payload.length, 3 << 20);
  const error = await failure(client.unary({ fault: { code: Code.NotFound, message: "nowhere" } }), Code.NotFound);
  assert.equal(error.rawMessage, "nowhere");
  await failure(client.unary({ fault: { crash: true, message: "secret" } }), Code.Internal);
  assert.equal(t.reported.length, 1);
  await failure(client.unary({ fault: { hang: true, ignoreCancel: true } }, { timeoutMs: 40 }), Code.DeadlineExceeded);
  const calls = t.echo.calls;
  const controller = new AbortController();
  const cancelled = failure(client.unary({ fault: { hang: true } }, { signal: controller.signal }), Code.Canceled);
  await until(() => t.echo.calls > calls, "the handler has begun");
  const context = t.echo.last;
  controller.abort();
  await cancelled;
  await until(() => context?.signal.aborted === true, "the handler's signal");
  if (isHttp2) {
    const echoes = await all(client.bidiStream(iterate([{ text: "a" }, { text: "b" }])));
    assert.deepEqual(
      echoes.map((e) => e.text),
      ["a", "b"],
    );
  }
}
