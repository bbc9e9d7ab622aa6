import assert from "node:assert/strict";
import { it } from "node:test";
import { createChannel, inherit, serve } from "@vyra/ipc";
import { ServerReflection } from "@vyra/ipc/reflection";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, freshName, setUp } from "../support/engines.js";
import { all, iterate } from "../support/expect.js";

leaveNothingBehind();

/** Returns the warnings that Node.js emits while the function runs. It emits them in a later tick. */
async function warningsOf(body: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = [];
  const onWarning = ({ name, message }: Error) => warnings.push(`${name}: ${message}`);
  process.on("warning", onWarning);
  try {
    await body();
    await new Promise(setImmediate);
  } finally {
    process.off("warning", onWarning);
  }
  return warnings.filter((warning) => warning.includes("MaxListeners"));
}

const noop: NonNullable<Parameters<typeof createChannel>[1]>["interceptors"] = [(next) => (req) => next(req)];

describePairs("many calls with one signal", (pair) => {
  for (const interceptors of [[], noop]) {
    it(`are nothing to warn of, ${interceptors.length === 0 ? "without interceptors" : "with one"}`, async () => {
      await using t = await setUp(pair, { interceptors }, { interceptors });
      const { signal } = new AbortController();
      const many = <T>(call: () => Promise<T>) => Promise.all(Array.from({ length: 15 }, call));
      const warnings = await warningsOf(async () => {
        await many(() => t.client.unary({ delayMs: 5 }, { signal }));
        await many(() => all(t.client.serverStream({ count: 2 }, { signal })));
        await many(() => t.client.clientStream(iterate([{}]), { signal }));
        await many(() => all(t.client.bidiStream(iterate([{}]), { signal })));
        await many(() => t.channel.ready({ signal }));
      });
      assert.deepEqual(warnings, []);
    });

    it(`of a handler are not either, ${interceptors.length === 0 ? "without interceptors" : "with one"}`, async () => {
      await using t = await setUp(pair);
      const socket = freshName();
      const server = await serve({
        socket,
        engine: pair.server,
        signals: false,
        interceptors,
        routes: (router) =>
          router.service(EchoService, {
            async unary(_, context) {
              const calls = Array.from({ length: 15 }, () => t.client.unary({ delayMs: 5 }, inherit(context)));
              for (let n = 0; n < 15; n++) {
                context.signal.addEventListener("abort", () => {});
              }
              await Promise.all(calls);
              return {};
            },
          }),
      });
      const channel = createChannel(socket, { engine: pair.client });
      assert.deepEqual(await warningsOf(() => channel.client(EchoService).unary({})), []);
      await channel.close();
      await server.close();
    });
  }

  it("that wait for the server are not either", async () => {
    const socket = freshName();
    const channel = createChannel(socket, { engine: pair.client, waitForReady: true });
    const warnings = await warningsOf(async () => {
      const calls = Array.from({ length: 15 }, () => channel.client(EchoService).unary({}));
      const ready = Array.from({ length: 15 }, () => channel.ready());
      await using _ = await setUp(pair, { socket });
      await Promise.all([...calls, ...ready]);
    });
    assert.deepEqual(warnings, []);
    await channel.close();
  });

  it("are as little to warn of as many servers and channels in one process", async () => {
    const warnings = await warningsOf(async () => {
      const all = await Promise.all(Array.from({ length: 12 }, () => setUp(pair, { signals: true })));
      await Promise.all(all.map((t) => t.client.unary({})));
      await Promise.all(all.map((t) => t[Symbol.asyncDispose]()));
    });
    assert.deepEqual(warnings, []);
  });
});

it("many streams of reflection are nothing to warn of", async () => {
  await using t = await setUp({ client: "direct", server: "direct" });
  const reflection = t.channel.client(ServerReflection);
  const warnings = await warningsOf(async () => {
    const open = Array.from({ length: 15 }, async () => {
      const answers = reflection.serverReflectionInfo(
        iterate([{ messageRequest: { case: "listServices", value: "" } }]),
      );
      return all(answers);
    });
    await Promise.all(open);
  });
  assert.deepEqual(warnings, []);
});
