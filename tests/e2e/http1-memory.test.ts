import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { createChannel, type ServeOptions, type Server, serve } from "@vyra/ipc";
import { EchoRequestSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho, type Echo } from "../support/echo.js";
import { freshName } from "../support/engines.js";
import { until } from "../support/expect.js";
import { envelope } from "../support/raw.js";

leaveNothingBehind();

const MiB = 2 ** 20;
/** The bytes that a connection may hold in any case, without a share of the server's limit. */
const leastBytes = 448 * 1024;
const maxHeldBytes = 32 * MiB;

interface Running extends AsyncDisposable {
  readonly server: Server;
  held(): number;
  waiting(): number;
  /** Opens a connection and sends this. Responses are not read unless the test listens for them. */
  say(...parts: readonly (string | Uint8Array)[]): Socket;
  /** Makes a call over HTTP/2 at the same time. */
  echo(bytes: number): Promise<number>;
}

async function running(implementation: Partial<Echo>, options: Partial<ServeOptions> = {}): Promise<Running> {
  const socket = freshName();
  const server = await serve({
    signals: false,
    graceMs: 0,
    maxHeldBytes,
    ...options,
    socket,
    routes: (router) => router.service(EchoService, { ...createEcho(), ...implementation }),
  });
  const sockets: Socket[] = [];
  const memory = () => server.stats().memory ?? assert.fail("nothing is counted");
  return {
    server,
    held: () => memory().unreadBytes + memory().unfinishedBytes,
    waiting: () => memory().waitingBytes,
    say(...parts) {
      const peer = connect(server.address.slice("unix:".length));
      peer.on("error", () => {});
      peer.pause();
      for (const part of parts) {
        peer.write(part);
      }
      sockets.push(peer);
      return peer;
    },
    async echo(bytes) {
      await using channel = createChannel(socket, { timeoutMs: 60_000 });
      return (await channel.client(EchoService).unary({ payload: new Uint8Array(bytes) })).payload.length;
    },
    async [Symbol.asyncDispose]() {
      for (const peer of sockets) {
        peer.destroy();
      }
      await server.close();
    },
  };
}

function request(method: string, contentType: string, length: number | undefined): string {
  const size = length === undefined ? "transfer-encoding: chunked" : `content-length: ${length}`;
  const fields = `host: x\r\ncontent-type: ${contentType}\r\n${size}\r\n\r\n`;
  return `POST /vyra.test.EchoService/${method} HTTP/1.1\r\n${fields}`;
}

/** Waits until nothing has changed for some turns of the event loop, in which the other side has had its own turns. */
async function settled(value: () => number): Promise<number> {
  for (let calm = 0, before = value(); calm < 50; before = value()) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    calm = value() === before ? calm + 1 : 0;
  }
  return value();
}

function closed(peer: Socket): Promise<void> {
  return new Promise((resolve) => peer.resume().once("close", resolve));
}

function asking(responseSize: number): Uint8Array {
  return toBinary(EchoRequestSchema, create(EchoRequestSchema, { responseSize }));
}

/** A message of 4 MiB without its last bytes. */
const size = 4 * MiB;
const unfinished: Record<string, readonly (string | Uint8Array)[]> = {
  "a body with its length": [request("Unary", "application/proto", size), new Uint8Array(size - 10)],
  "a body in chunks": [
    request("Unary", "application/proto", undefined),
    `${(size - 10).toString(16)}\r\n`,
    new Uint8Array(size - 10),
  ],
  "a message of a stream": [
    request("ClientStream", "application/connect+proto", size + 5),
    envelope(new Uint8Array(size)).subarray(0, size - 10),
  ],
  "a message of gRPC-Web": [
    request("Unary", "application/grpc-web+proto", size + 5),
    envelope(new Uint8Array(size)).subarray(0, size - 10),
  ],
};

describe("what is begun over HTTP/1.1 and not finished", () => {
  for (const [name, parts] of Object.entries(unfinished)) {
    it(`is on the server's account, which bounds it, and stops nobody: ${name}`, async () => {
      const count = 16;
      await using at = await running({});
      for (let i = 0; i < count; i++) {
        at.say(...parts);
      }
      await until(() => at.held() > maxHeldBytes / 4, "much of it has come");
      const held = await settled(at.held);
      assert.ok(held <= maxHeldBytes / 2 + count * leastBytes, `${held} bytes are held`);
      assert.equal(await at.echo(2 * MiB), 2 * MiB);
    });
  }

  it("costs what has come of it, not what it announces", async () => {
    const count = 40;
    await using at = await running({});
    for (let i = 0; i < count; i++) {
      at.say(request("Unary", "application/proto", 10 * MiB), new Uint8Array(10));
    }
    await until(() => at.held() > count * 10, "it has come");
    const held = await settled(at.held);
    assert.ok(held <= count * 1_024, `${held} bytes are held`);
  });

  it("becomes whole, one after the other, however many there are", async () => {
    await using at = await running({});
    const answers = Array.from({ length: 40 }, async () => {
      const peer = at.say(
        request("ClientStream", "application/connect+proto", size + 5),
        envelope(new Uint8Array(size)),
      );
      const [answer] = (await once(peer.resume(), "data")) as [Buffer];
      return answer.toString("latin1").slice(0, 12);
    });
    // The messages are malformed, and the responses are errors that say so.
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(["HTTP/1.1 200"]));
    await until(() => at.held() === 0, "nothing is held");
  });

  it("is closed after requestTimeoutMs where its handler waits for it, and nothing of it is held", async () => {
    await using at = await running({}, { requestTimeoutMs: 200 });
    const peer = at.say(...(unfinished["a message of a stream"] ?? []));
    await until(() => at.held() > 0, "it has begun");
    await closed(peer);
    await until(() => at.held() === 0, "nothing is held");
  });
});

describe("what nobody reads over HTTP/1.1", () => {
  it("is on the server's account: of requests, as much as the least window", async () => {
    const count = 10;
    await using at = await running({ clientStream: () => new Promise(() => {}) });
    const messages = Buffer.concat(Array.from({ length: 100 }, () => envelope(new Uint8Array(20_000))));
    for (let i = 0; i < count; i++) {
      at.say(request("ClientStream", "application/connect+proto", messages.length), messages);
    }
    await until(() => at.held() > count * 100_000, "much of it has come");
    const held = await settled(at.held);
    assert.ok(held <= count * leastBytes, `${held} bytes are held`);
  });

  for (const [method, contentType, wrap] of [
    ["Unary", "application/proto", (bytes: Uint8Array) => bytes],
    ["Unary", "application/grpc-web+proto", envelope],
    ["ServerStream", "application/connect+proto", envelope],
    ["ServerStream", "application/grpc-web+proto", envelope],
  ] as const) {
    it(`is bounded by it: answers of ${method} as ${contentType}`, async () => {
      const count = 40;
      await using at = await running({
        async *serverStream({ responseSize }) {
          for (;;) {
            yield { payload: new Uint8Array(responseSize) };
          }
        },
      });
      const body = wrap(asking(2 * MiB));
      const peers = Array.from({ length: count }, () => at.say(request(method, contentType, body.length), body));
      await until(() => at.waiting() > maxHeldBytes / 4, "much is there to be read");
      const waiting = await settled(at.waiting);
      assert.ok(waiting <= maxHeldBytes + count * leastBytes, `${waiting} bytes wait`);
      assert.equal(await at.echo(1_000), 1_000);
      // The requests for which there was no room have been refused with an error.
      const texts = peers.map(async (peer) => {
        const [first] = (await once(peer.resume(), "data")) as [Buffer];
        return first.toString("latin1");
      });
      const refused = (await Promise.all(texts)).filter((text) => /resource_exhausted|grpc-status: 8/.test(text));
      assert.ok(refused.length > 0, "none has been refused");
    });
  }

  it("is taken off when it is read", async () => {
    await using at = await running({});
    const body = asking(2 * MiB);
    const peer = at.say(request("Unary", "application/proto", body.length), body);
    await until(() => at.waiting() > MiB, "it is there to be read");
    peer.resume();
    await until(() => at.waiting() === 0, "it has been read");
  });
});

describe("requests on a connection of HTTP/1.1", () => {
  it("are handled one after the other, however many come at once", async () => {
    const answer: (() => void)[] = [];
    let handled = 0;
    await using at = await running({
      async unary({ text }) {
        handled++;
        await new Promise<void>((resolve) => answer.push(resolve));
        handled--;
        return { text };
      },
    });
    const count = 20;
    const asked = Array.from({ length: count }, (_, i) => {
      const body = JSON.stringify({ text: `request ${i}` });
      return request("Unary", "application/json", body.length) + body;
    });
    const peer = at.say(asked.join(""));
    let received = "";
    peer.on("data", (chunk: Buffer) => {
      received += chunk.toString();
    });
    peer.resume();
    for (let i = 0; i < count; i++) {
      await until(() => answer.length > i, `request ${i} is handled`);
      assert.equal(handled, 1);
      answer[i]?.();
      await until(() => received.includes(`request ${i}"`), `request ${i} is answered`);
    }
    await until(() => at.held() === 0, "nothing is held");
  });

  it("may not be more than some that wait for their turn", async () => {
    await using at = await running({ unary: () => new Promise(() => {}) });
    const one = `${request("Unary", "application/json", 2)}{}`;
    await closed(at.say(one.repeat(1_000)));
  });
});
