import "../support/follow-fake-timers.js"; // before what is tested
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chownSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { userInfo } from "node:os";
import { describe, it, mock } from "node:test";
import { fileURLToPath } from "node:url";
import { Code, createContextValues } from "@connectrpc/connect";
import { ErrorCode } from "@vyra/http2";
import { type ChannelOptions, createChannel, NotProcessedError, serve, waitForReady } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { clientEngines, describePairs, freshName, pathOf, serverEngines, setUp } from "../support/engines.js";
import { all, failure, timedOut, until } from "../support/expect.js";
import { onHeaders, rawServer } from "../support/raw.js";
import { frame, goAway, noSettings, Type, uint32 } from "../support/wire.js";

leaveNothingBehind();

describePairs("a channel", (pair) => {
  const options = { engine: pair.client };
  const routes = (router: Parameters<Parameters<typeof serve>[0]["routes"]>[0]) =>
    router.service(EchoService, createEcho());
  const serveAt = (socket: string) => serve({ socket, engine: pair.server, signals: false, routes, graceMs: 100 });

  it("dials when first needed, and says what state it is in", async () => {
    await using t = await setUp(pair);
    assert.equal(t.channel.state, "idle");
    await t.client.unary({});
    assert.equal(t.channel.state, "ready");
    await t.channel.close();
    assert.equal(t.channel.state, "shutdown");
  });

  it("fails a call with Unavailable where nobody is, and says that it was not processed", async () => {
    const name = freshName();
    const channel = createChannel(name, options);
    const error = await failure(channel.client(EchoService).unary({}), Code.Unavailable);
    assert.equal(error.rawMessage, `no server at ${pathOf(name)} (ENOENT): is the backend running?`);
    assert.ok(error.cause instanceof NotProcessedError);
    assert.equal((error.cause.cause as NodeJS.ErrnoException).code, "ENOENT");
    assert.equal(channel.state, "transient_failure");
    const stream = await failure(all(channel.client(EchoService).serverStream({})), Code.Unavailable);
    assert.ok(stream.cause instanceof NotProcessedError);
    await channel.close();
  });

  it("fails a call with Unavailable where a regular file is", async () => {
    const name = freshName();
    const path = pathOf(name);
    writeFileSync(path, "not a socket");
    const channel = createChannel(name, options);
    const error = await failure(channel.client(EchoService).unary({}), Code.Unavailable);
    assert.match(error.message, /ECONNREFUSED/);
    await channel.close();
    unlinkSync(path);
  });

  it("does not dial a socket of somebody else's unless told to trust them", async (context) => {
    if (process.geteuid?.() !== 0) {
      // Only root can change a file's owner. Unit tests cover the check of the owner for other users.
      context.diagnostic("not root: showing it with another idea of who we are");
      context.mock.method(process, "geteuid" as never, (() => 424_242) as never);
    }
    const foreign = 1; // "daemon" on Linux and macOS
    await using t = await setUp(pair);
    const path = pathOf(t.server.address);
    if (process.getuid?.() === 0) {
      chownSync(path, foreign, foreign);
    }
    const error = await failure(t.client.unary({}), Code.PermissionDenied);
    assert.match(error.message, /belongs to uid \d+, not to this user or root/);
    assert.ok(error.cause instanceof NotProcessedError);
    await failure(t.channel.ready({ timeoutMs: 60_000 }), Code.PermissionDenied);
    const owner = process.getuid?.() === 0 ? { uid: foreign, username: "daemon" } : userInfo();
    for (const trustedUsers of [[owner.uid], [owner.username]]) {
      const trusting = createChannel(t.server.address, { ...options, trustedUsers });
      assert.equal((await trusting.client(EchoService).unary({ text: "hi" })).text, "hi");
      await trusting.close();
    }
  });

  it("follows a symbolic link of our own", async () => {
    await using t = await setUp(pair);
    const link = `${pathOf(t.server.address)}.link`;
    symlinkSync(pathOf(t.server.address), link);
    const channel = createChannel(link, options);
    assert.equal((await channel.client(EchoService).unary({ text: "hi" })).text, "hi");
    await channel.close();
    unlinkSync(link);
  });

  it("recovers by itself when the server comes back", async () => {
    const name = freshName();
    const channel = createChannel(name, options);
    const client = channel.client(EchoService);
    for (let round = 0; round < 3; round++) {
      const server = await serveAt(name);
      assert.equal((await client.unary({ text: "here" })).text, "here");
      await server.close();
      await failure(client.unary({}), Code.Unavailable);
    }
    await channel.close();
  });

  it("waits until the server is there when asked to", async () => {
    const name = freshName();
    const channel = createChannel(name, options);
    const ready = channel.ready({ timeoutMs: 60_000 });
    await failure(channel.client(EchoService).unary({}), Code.Unavailable);
    const server = await serveAt(name);
    await ready;
    assert.equal(channel.state, "ready");
    await channel.close();
    await server.close();
  });

  it("lets calls wait for the server where they are told to, all of them or one", async () => {
    for (const [channelOptions, callOptions] of [
      [{ waitForReady: true }, {}],
      [{}, { contextValues: createContextValues().set(waitForReady, true) }],
    ] as const) {
      const name = freshName();
      const channel = createChannel(name, { ...options, ...channelOptions });
      const client = channel.client(EchoService);
      const unary = client.unary({ text: "early" }, callOptions);
      const stream = all(client.serverStream({ count: 2 }, callOptions));
      const tooShort = failure(client.unary({}, { ...callOptions, timeoutMs: 20 }), Code.DeadlineExceeded);
      await failure(createChannel(name, options).client(EchoService).unary({}), Code.Unavailable);
      await tooShort;
      const server = await serveAt(name);
      assert.equal((await unary).text, "early");
      assert.equal((await stream).length, 2);
      await channel.close();
      await server.close();
    }
    const channel = createChannel(freshName(), { ...options, waitForReady: true });
    const outcome = failure(channel.client(EchoService).unary({}), Code.Canceled);
    await channel.close();
    await outcome;
  });

  it("keeps as many connections as asked for, and lets calls take turns", async () => {
    const name = freshName();
    const callsOf = new Map<object | undefined, number>();
    await using server = await rawServer(pathOf(name), (stream) => {
      callsOf.set(stream.session, (callsOf.get(stream.session) ?? 0) + 1);
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
    });
    assert.ok(server.http2.listening);
    const channel = createChannel(name, { ...options, connections: 3 });
    await channel.ready();
    const client = channel.client(EchoService);
    await Promise.all(Array.from({ length: 30 }, () => failure(client.unary({}), Code.NotFound)));
    assert.deepEqual([...callsOf.values()], [10, 10, 10]);
    assert.equal(channel.state, "ready");
    await channel.close();
    assert.throws(() => createChannel(name, { ...options, connections: 0 }), RangeError);
  });

  it("lets calls wait their turn where the server takes only so many at once", async () => {
    const name = freshName();
    let open = 0;
    let most = 0;
    await using server = await rawServer(
      pathOf(name),
      (stream) => {
        most = Math.max(most, ++open);
        setTimeout(() => {
          open--;
          stream.respond(
            { ":status": 200, "content-type": "application/grpc", "grpc-status": "5" },
            { endStream: true },
          );
        }, 1);
      },
      { settings: { maxConcurrentStreams: 4 } },
    );
    assert.ok(server.http2.listening);
    const channel = createChannel(name, options);
    await channel.ready();
    const client = channel.client(EchoService);
    await Promise.all(Array.from({ length: 50 }, () => failure(client.unary({}), Code.NotFound)));
    assert.ok(most <= 4, `${most}`);
    await channel.close();
  });

  it("gives up waiting in time: Unavailable if nobody came, DeadlineExceeded if nobody answered", async () => {
    const name = freshName();
    const channel = createChannel(name, options);
    await timedOut((timeoutMs) => channel.ready({ timeoutMs }), Code.Unavailable);
    const silent = createServer((socket) => socket.on("error", () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(pathOf(name), resolve));
    await failure(channel.ready({ timeoutMs: 30 }), Code.DeadlineExceeded);
    await failure(channel.ready({ signal: AbortSignal.abort() }), Code.Canceled);
    const waiting = failure(channel.ready(), Code.Canceled);
    await channel.close();
    await waiting;
    await new Promise((resolve) => silent.close(resolve));
  });

  for (const { what, does, message } of [
    {
      what: "does not speak HTTP/2",
      does: (socket: Socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"),
      message: /^\[unavailable\] the server at \S+ does not speak HTTP\/2$/,
    },
    {
      what: "closes the connection at once",
      does: (socket: Socket) => socket.end(),
      message: /^\[unavailable\] the server at \S+ closed the connection before it had begun$/,
    },
    {
      what: "says nothing for 20 s",
      does: (socket: Socket) => {
        const ticks = setInterval(() => mock.timers.tick(10_000), 1);
        socket.once("close", () => clearInterval(ticks));
      },
      message: /^\[unavailable\] the server at \S+ does not answer$/,
    },
  ]) {
    it(`says so when the other end ${what}`, async (t) => {
      t.after(() => mock.timers.reset());
      const name = freshName();
      const server = createServer((socket) => does(socket.on("error", () => {}).resume()));
      await new Promise<void>((resolve) => server.listen(pathOf(name), resolve));
      mock.timers.enable({ apis: ["setTimeout"] });
      const channel = createChannel(name, { ...options, timeoutMs: 3_600_000 });
      const error = await failure(channel.client(EchoService).unary({}), Code.Unavailable);
      assert.match(error.message, message);
      assert.ok(error.cause instanceof NotProcessedError);
      await channel.close();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  it("ends its calls with Canceled when it is closed, and later ones, too", async () => {
    await using t = await setUp(pair);
    const inFlight = failure(t.client.unary({ fault: { hang: true } }), Code.Canceled);
    await until(() => t.echo.calls === 1, "the call has begun");
    await t.channel.close();
    await inFlight;
    await failure(t.client.unary({}), Code.Canceled);
    await failure(t.channel.ready(), Code.Canceled);
    await t.channel.close();
  });

  it("ends its calls with Canceled on a connection that the server is leaving, too", async () => {
    await using t = await setUp(pair, { graceMs: 3_600_000 });
    const inFlight = failure(t.client.unary({ fault: { hang: true } }), Code.Canceled);
    await until(() => t.echo.calls === 1, "the call has begun");
    const closed = t.server.close();
    await until(() => t.channel.state !== "ready", "the server has said that it is leaving");
    await failure(t.client.unary({}), Code.Unavailable);
    await t.channel.close();
    await inFlight;
    await closed;
  });

  it("holds the process while calls are open, and no longer", async () => {
    await using t = await setUp(pair);
    const script = fileURLToPath(new URL("../support/client-process.js", import.meta.url));
    const child = spawn(process.execPath, [script, t.server.address, pair.client], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += chunk;
    });
    const status = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(status, 0);
    assert.equal(printed, "0\n1\n2\n");
  });
});

// Each server is in its own process, and clients of all engines call it at once.
for (const engine of serverEngines) {
  describe(`channels to a server process, ${engine}`, () => {
    it("give it up when it does not answer any more", async () => {
      await using t = await start({ keepAliveIntervalMs: 50, keepAliveTimeoutMs: 2_000 });
      const outcomes = t.clients.map(async (client) => {
        const fault = { hang: true };
        const unary = failure(client.unary({ fault }, { timeoutMs: 30_000 }), Code.Unavailable);
        const stream = failure(all(client.serverStream({ count: 1, fault })), Code.Unavailable);
        for (const error of await Promise.all([unary, stream])) {
          assert.match(error.message, /lost the connection/);
          assert.match(String(error.cause), /no answer to PING within 2000 ms/);
        }
      });
      await Promise.all(t.clients.map((client) => client.unary({ delayMs: 300 }, { timeoutMs: 30_000 })));
      t.child.kill("SIGSTOP");
      await Promise.all(outcomes);
      t.child.kill("SIGKILL");
      await t.exited;
      await (await serveAgain(t.name)).close();
    });

    it("fail calls in flight with Unavailable when it is killed, not as if they had never been sent", async () => {
      await using t = await start();
      const outcomes = await Promise.all(
        t.clients.map(async (client) => {
          const stream = client.serverStream({ count: 9, fault: { hang: true, after: 1 } })[Symbol.asyncIterator]();
          await stream.next();
          return [
            failure(client.unary({ fault: { hang: true } }), Code.Unavailable),
            failure(stream.next(), Code.Unavailable),
          ];
        }),
      );
      await Promise.all(t.clients.map((client) => client.unary({})));
      t.child.kill("SIGKILL");
      for (const error of await Promise.all(outcomes.flat())) {
        assert.match(error.message, /lost the connection/);
        assert.ok(!(error.cause instanceof NotProcessedError));
      }
      await t.exited;
      // The killed server leaves a socket and a lock file behind. The next server takes them over.
      await using _ = await serveAgain(t.name);
      for (const client of t.clients) {
        assert.equal((await client.unary({ text: "back" })).text, "back");
      }
    });

    const serveAgain = (socket: string) =>
      serve({ socket, engine, signals: false, routes: (router) => router.service(EchoService, createEcho()) });

    async function start(options: ChannelOptions = {}) {
      const name = freshName();
      const script = fileURLToPath(new URL("../support/server-process.js", import.meta.url));
      const child = spawn(process.execPath, [script, name, engine], { stdio: ["ignore", "pipe", "inherit"] });
      const exited = new Promise((resolve) => child.once("exit", resolve));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const channels = clientEngines.map((client) =>
        createChannel(name, { engine: client, timeoutMs: 60_000, ...options }),
      );
      return {
        name,
        child,
        exited,
        clients: channels.map((channel) => channel.client(EchoService)),
        async [Symbol.asyncDispose]() {
          await Promise.all(channels.map((channel) => channel.close()));
          child.kill("SIGKILL"); // which a test that fails has not come to
          await exited;
        },
      };
    }
  });
}

for (const client of clientEngines) {
  it(`${client} says that a refused call, or one above GOAWAY's last stream, was not processed`, async () => {
    for (const answer of [
      (streamId: number) => frame(Type.RST_STREAM, 0, streamId, uint32(ErrorCode.REFUSED_STREAM)),
      () => goAway(0, ErrorCode.NO_ERROR),
    ]) {
      const name = freshName();
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket.on("error", () => {}));
        socket.write(noSettings);
        onHeaders(socket, (streamId) => socket.write(answer(streamId)));
      });
      await new Promise<void>((resolve) => server.listen(pathOf(name), resolve));
      const channel = createChannel(name, { engine: client });
      const error = await failure(channel.client(EchoService).unary({}), Code.Unavailable);
      assert.ok(error.cause instanceof NotProcessedError, `${error.cause}`);
      await channel.close();
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

it("direct dials anew where the server was leaving when it took the connection, but not for ever", async () => {
  await using t = await setUp({ client: "direct", server: "direct" });
  const name = freshName();
  let dials = 0;
  let leaving = 3;
  let code = 0; // of one that ends in order
  const server = createServer((socket) => {
    dials++;
    if (leaving-- > 0) {
      socket.on("error", () => {}).end(Buffer.concat([noSettings, goAway(0, code)]));
      socket.resume();
    } else {
      const other = connect(pathOf(t.server.address));
      socket
        .on("error", () => {})
        .pipe(other)
        .on("error", () => {})
        .pipe(socket);
    }
  });
  await new Promise<void>((resolve) => server.listen(pathOf(name), resolve));
  {
    await using channel = createChannel(name, { engine: "direct", timeoutMs: 60_000 });
    assert.equal((await channel.client(EchoService).unary({ text: "there" })).text, "there");
    assert.equal(dials, 4);
  }
  leaving = Number.POSITIVE_INFINITY;
  await using channel = createChannel(name, { engine: "direct", timeoutMs: 60_000 });
  for (const [reason, expected] of [
    [0, 16],
    [11, 1], // ENHANCE_YOUR_CALM: not by dialling
  ] as const) {
    code = reason;
    dials = 0;
    await failure(channel.client(EchoService).unary({}), Code.Unavailable);
    assert.equal(dials, expected);
  }
  await new Promise((resolve) => server.close(resolve));
});
