import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { clientEngines, freshName, pathOf } from "../support/engines.js";

leaveNothingBehind();

const here = fileURLToPath(new URL(".", import.meta.url));

/** Runs a program with the variables `channel` and `client` to its end. @returns the lines that it printed */
async function run(socket: string, engine: string, program: string): Promise<string[]> {
  const source = `
    import { createChannel } from "@vyra/ipc";
    import { EchoService } from "../gen/vyra/test/echo_pb.js";
    const channel = createChannel(${JSON.stringify(socket)}, { engine: ${JSON.stringify(engine)} });
    const client = channel.client(EchoService);
    const failed = (call) => call.then(() => console.log("answered"), (error) => console.log(error.code));
    ${program}
    process.on("exit", () => console.log(channel.state));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: here,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const [status] = await once(child, "close");
  assert.equal(status, 0);
  return output.trim().split("\n");
}

/** A server that accepts connections, and does with them what the test asks. */
async function server(name: string, onSocket: (socket: Socket) => void): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onSocket(socket);
  });
  listening.listen(pathOf(name));
  await once(listening, "listening");
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}

// The last state is "connecting" because the process did not wait until the channel gave up connecting.
for (const engine of clientEngines) {
  describe(`a dial that the server does not answer, engine ${engine}`, () => {
    it("does not hold the process once its calls are over", async () => {
      const name = freshName();
      await using _ = await server(name, (socket) => socket.resume());
      const lines = await run(
        name,
        engine,
        `const { signal } = new AbortController();
        await Promise.all([
          failed(client.unary({}, { timeoutMs: 50 })),
          failed(client.unary({}, { signal: AbortSignal.timeout(50) })),
          failed((async () => { for await (const _ of client.serverStream({}, { timeoutMs: 50 })); })()),
          failed(client.unary({}, { signal, timeoutMs: 50 })),
          failed(channel.ready({ timeoutMs: 50 })),
        ]);`,
      );
      assert.deepEqual(lines.at(-1), "connecting");
      assert.equal(lines.includes("answered"), false);
      assert.equal(lines.length, 6);
    });

    it("holds it while a call waits", async () => {
      const [name, realName] = [freshName(), freshName()];
      await using _real = await serve({
        socket: realName,
        signals: false,
        routes: (router) => router.service(EchoService, createEcho()),
      });
      await using _ = await server(name, (socket) => {
        // This time is long enough for the process to end if nothing keeps it alive.
        setTimeout(() => {
          const real = connect(pathOf(realName)).on("error", () => {});
          socket.pipe(real).pipe(socket);
        }, 200);
      });
      assert.deepEqual(await run(name, engine, `failed(client.unary({}));`), ["answered", "ready"]);
    });
  });
}
