import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, it } from "node:test";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { createChannel, NotProcessedError, resolveSocket } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { clientEngines, freshName, setUp } from "../support/engines.js";
import { all, failure, until } from "../support/expect.js";
import { onHeaders } from "../support/raw.js";
import { Flag, frame, literals, noSettings, settings, Type, uint32 } from "../support/wire.js";

leaveNothingBehind();

// The test runner attributes an error that is thrown while a socket is read to no test, and would only warn of it.
const thrown: unknown[] = [];
process.on("uncaughtException", (error) => thrown.push(error));
afterEach(() => assert.deepEqual(thrown.splice(0), []));

type Engine = (typeof clientEngines)[number];

const { END_STREAM, END_HEADERS, PADDED } = Flag;

/**
 * Returns the outcome of calls to a server that starts each connection with some bytes, and responds to the first call
 * with others.
 */
async function endsOf(engine: Engine, beginning: Uint8Array, answer: Uint8Array): Promise<ConnectError[]> {
  const name = freshName();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write(beginning);
    onHeaders(socket, () => socket.end(answer));
  });
  server.listen(resolveSocket(name).path);
  await once(server, "listening");
  // After a connection error Node.js stops reading, and does not notice that the server closes the connection.
  const keepAlive = engine === "direct" ? {} : { keepAliveIntervalMs: 200, keepAliveTimeoutMs: 200 };
  await using channel = createChannel(name, { engine, timeoutMs: 60_000, ...keepAlive });
  const client = channel.client(EchoService);
  const ends = await Promise.allSettled([client.unary({}), all(client.serverStream({}))]);
  await new Promise((resolve) => server.close(resolve));
  return ends.map((end) => {
    const error = end.status === "rejected" ? end.reason : assert.fail("it succeeded");
    assert.ok(error instanceof ConnectError, `not a ConnectError: ${error}`);
    return error;
  });
}

const broken: Record<string, Buffer> = {
  ...Object.fromEntries(
    [0, 3, 5].map((bytes) => [`RST_STREAM of ${bytes} bytes`, frame(Type.RST_STREAM, 0, 1, Buffer.alloc(bytes))]),
  ),
  ...Object.fromEntries(
    [0, 4, 7].map((bytes) => [`GOAWAY of ${bytes} bytes`, frame(Type.GOAWAY, 0, 0, Buffer.alloc(bytes))]),
  ),
  "WINDOW_UPDATE of 3 bytes": frame(Type.WINDOW_UPDATE, 0, 1, Buffer.alloc(3)),
  "PING of 7 bytes": frame(Type.PING, 0, 0, Buffer.alloc(7)),
  "SETTINGS of 5 bytes": frame(Type.SETTINGS, 0, 0, Buffer.alloc(5)),
  "DATA that is all padding, and more": frame(Type.DATA, PADDED, 1, Buffer.of(200, 0)),
  "SETTINGS with thousands of values": frame(Type.SETTINGS, 0, 0, Buffer.alloc(2_000 * 6)),
  "a final response of status 000": frame(Type.HEADERS, END_STREAM | END_HEADERS, 1, literals([":status", "000"])),
  "an informational response that is the last": frame(
    Type.HEADERS,
    END_STREAM | END_HEADERS,
    1,
    literals([":status", "103"]),
  ),
  "nothing at all": Buffer.alloc(0),
};

for (const engine of clientEngines) {
  describe(`to the engine ${engine}, a server's`, () => {
    for (const [what, bytes] of Object.entries(broken)) {
      it(`${what} costs the calls on its connection, and nothing else`, async () => {
        for (const error of await endsOf(engine, noSettings, bytes)) {
          assert.ok([Code.Internal, Code.Unavailable, Code.Unknown].includes(error.code), error.message);
        }
      });
    }

    it("connection that ends with its first settings is not one for calls", async () => {
      // INITIAL_WINDOW_SIZE of 2^31, RFC 9113 §6.5.2
      const wrong = frame(Type.SETTINGS, 0, 0, settings([4, 0x8000_0000]));
      for (const error of await endsOf(engine, wrong, Buffer.alloc(0))) {
        assert.equal(Code[error.code], "Unavailable", error.message);
        // Node.js reports the error to undici one turn later. A call may have been sent meanwhile, and it is unknown
        // whether it was processed.
        assert.ok(engine === "undici" || error.cause instanceof NotProcessedError);
      }
    });
  });
}

describe("what a server did wrong", () => {
  it("is in the message of the calls on a connection that ends for it", async () => {
    const push = frame(Type.PUSH_PROMISE, END_HEADERS, 1, uint32(2));
    for (const error of await endsOf("direct", noSettings, push)) {
      assert.match(
        error.rawMessage,
        /^lost the connection to \S+ \(push_promise frame on stream 1: push is disabled\)$/,
      );
    }
  });

  it("is in the message of the call whose stream ends for it", async () => {
    const answer = frame(Type.HEADERS, END_HEADERS, 1, literals([":status", "200", "X", "y"]));
    const [error] = await endsOf("direct", noSettings, answer);
    assert.equal(Code[error?.code ?? 0], "Internal");
    assert.match(
      error?.rawMessage ?? "",
      /^http\/2 stream closed with error code PROTOCOL_ERROR \(stream 1: field name "X"/,
    );
  });
});

describe("long fields of a response that is over", () => {
  it("are on the account until its reader comes to the end, or goes away", async () => {
    const echo = createEcho();
    echo.serverStream = async function* (_, context) {
      context.responseTrailer.set("x-long", "a".repeat(10_000));
      yield { text: "one" };
    };
    const routes = (router: ConnectRouter) => router.service(EchoService, echo);
    await using t = await setUp({ client: "direct", server: "direct" }, { routes });
    const held = () => t.channel.stats().memory?.fieldBytes;
    const unread = () => t.client.serverStream({})[Symbol.asyncIterator]();
    const messages = unread();
    await messages.next();
    await until(() => t.channel.stats().inFlight === 0, "the call is over");
    assert.ok((held() ?? 0) >= 10_000, `${held()} bytes are held`);
    assert.equal((await messages.next()).done, true);
    assert.equal(held(), 0);
    const left = unread();
    await left.next();
    await until(() => t.channel.stats().inFlight === 0, "the call is over");
    assert.ok((held() ?? 0) >= 10_000, `${held()} bytes are held`);
    await left.return?.();
    await until(() => held() === 0, "nothing is held");
  });
});

describe("a channel of the engine undici that is closed", () => {
  it("ends its calls at once, whatever has come and was not read", async () => {
    await using t = await setUp({ client: "undici", server: "direct" });
    const messages = t.client.serverStream({ count: 1_000 })[Symbol.asyncIterator]();
    await messages.next();
    await t.channel.close();
    let taken = 1;
    await failure(
      (async () => {
        while (!(await messages.next()).done) {
          taken++;
        }
      })(),
      Code.Canceled,
    );
    assert.ok(taken < 1_000, `${taken} were taken`);
  });
});
