// Every client engine calls every server engine, on the runtime that runs this program.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { createChannel, resolveSocket, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { createEcho } from "../support/echo.js";
import { all, iterate } from "../support/expect.js";

const folder = mkdtempSync(join(tmpdir(), "vyra-runtimes-"));
process.env.VYRA_IPC_DIR = folder;
const timeoutMs = 60_000;

/** Makes a call of Connect's protocol over HTTP/1.1, as curl does. */
function http1(socketPath: string, body: object): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const options = { socketPath, path: "/vyra.test.EchoService/Unary", method: "POST", headers };
  return new Promise((resolve, reject) => {
    const req = request(options, async (res) => {
      let text = "";
      for await (const chunk of res.setEncoding("utf8")) {
        text += chunk;
      }
      resolve(JSON.parse(text));
    });
    req.on("error", reject).end(JSON.stringify(body));
  });
}

for (const engine of ["direct", "node"] as const) {
  // With an asynchronous `authorize`, a connection waits before it is served.
  for (const authorize of [undefined, async () => true]) {
    const server = await serve({
      socket: "runtime",
      engine,
      signals: false,
      ...(authorize && { authorize }),
      routes: (router) => router.service(EchoService, createEcho()),
    });
    for (const clientEngine of ["direct", "node"] as const) {
      const channel = createChannel("runtime", { engine: clientEngine, timeoutMs });
      const client = channel.client(EchoService);
      assert.equal((await client.unary({ text: "hello" })).text, "hello");
      // The engine "node" uses Bun's own HTTP/2 client, which sends at most one window of a message.
      const bytes = clientEngine === "direct" ? 3_000_000 : 60_000;
      assert.equal((await client.unary({ payload: new Uint8Array(bytes) })).payload.length, bytes);
      const responses = await all(client.serverStream({ count: 1_000 }));
      assert.equal(responses.length, 1_000);
      assert.equal((await client.clientStream(iterate([{ text: "a" }, { text: "b" }]))).text, "ab");
      const echoed = await all(client.bidiStream(iterate([{ text: "a" }, { text: "b" }])));
      assert.deepEqual(
        echoed.map(({ text }) => text),
        ["a", "b"],
      );
      await assert.rejects(client.unary({ fault: { code: Code.NotFound, message: "as told" } }), {
        code: Code.NotFound,
        rawMessage: "as told",
      });
      await channel.close();
      console.log(`${clientEngine} to ${engine}${authorize ? ", with authorize" : ""}: fine`);
    }
    assert.deepEqual(await http1(resolveSocket("runtime").path, { text: "hello" }), { text: "hello" });
    console.log(`HTTP/1.1 to ${engine}${authorize ? ", with authorize" : ""}: fine`);
    await server.close();
  }
}
await assert.rejects(createChannel("runtime", { engine: "undici" }).client(EchoService).unary({}), ConnectError);
assert.deepEqual(readdirSync(folder), []);
rmSync(folder, { recursive: true });
