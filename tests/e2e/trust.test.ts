import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs, {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import {
  AddressError,
  AddressInUseError,
  createChannel,
  groups,
  type PeerCredentials,
  peerKey,
  sameUser,
  serve,
  users,
} from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { clientEngines, describePairs, freshName, pathOf, serverEngines, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";

const { folder } = leaveNothingBehind();

const us = { pid: process.pid, uid: process.geteuid?.(), gid: process.getegid?.() };

describePairs("trust", (pair) => {
  it("shows handlers, interceptors and channels who is on the other end", async () => {
    const seen: (PeerCredentials | undefined)[] = [];
    await using t = await setUp(pair, {
      interceptors: [
        (next) => (req) => {
          seen.push(req.contextValues.get(peerKey));
          return next(req);
        },
      ],
    });
    assert.equal(t.channel.peer, undefined);
    await t.client.unary({});
    await all(t.client.bidiStream(iterate([{}])));
    assert.deepEqual(t.echo.last?.values.get(peerKey), us);
    assert.deepEqual(seen, [us, us]);
    assert.deepEqual(t.channel.peer, us);
    await using plain = await setUp(pair);
    await plain.client.unary({});
    assert.deepEqual(plain.echo.last?.values.get(peerKey), us);
  });

  it("answers a peer that is not let in with PermissionDenied, all its calls and nobody else's", async () => {
    let isAllowed = false;
    let asked = 0;
    await using t = await setUp(pair, {
      authorize: (peer) => {
        assert.deepEqual(peer, us);
        asked++;
        return isAllowed;
      },
    });
    for (const call of [
      () => t.client.unary({}),
      () => all(t.client.serverStream({ count: 1 })),
      () => t.client.clientStream(iterate([{}])),
      () => all(t.client.bidiStream(iterate([{}]))),
    ]) {
      const error = await failure(call(), Code.PermissionDenied);
      assert.match(error.message, new RegExp(`uid ${us.uid}.*pid ${us.pid} is not allowed here`));
    }
    assert.equal(t.echo.calls, 0);
    isAllowed = true;
    const other = createChannel(t.server.address, { engine: pair.client });
    assert.equal((await other.client(EchoService).unary({ text: "in" })).text, "in");
    await other.close();
    await failure(t.client.unary({}), Code.PermissionDenied);
    assert.ok(asked >= 2);
  });

  it("lets an authorizer take its time, and refuses when it fails", async () => {
    for (const [authorize, code] of [
      [() => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 5)), undefined],
      [async () => Promise.reject(new Error("no directory")), Code.PermissionDenied],
      [
        () => {
          throw new Error("no directory");
        },
        Code.PermissionDenied,
      ],
    ] as const) {
      await using t = await setUp(pair, { authorize });
      const call = t.client.unary({ text: "hi" });
      if (code === undefined) {
        assert.equal((await call).text, "hi");
      } else {
        await failure(call, code);
        assert.ok(t.reported.every(({ error, method }) => method === "authorize" && error instanceof Error));
        assert.ok(t.reported.length > 0);
      }
    }
  });

  it("lets nobody in for anything but true, whatever a program without types answers", async () => {
    // biome-ignore lint/suspicious/noThenProperty: a promise of another make
    const thenable = { then: (resolve: (isAllowed: boolean) => void) => resolve(false) };
    for (const verdict of [thenable, "no", 1, undefined, Promise.resolve("no")]) {
      await using t = await setUp(pair, { authorize: () => verdict as unknown as boolean });
      await failure(t.client.unary({}), Code.PermissionDenied);
    }
  });

  it("serves an abstract name, but not without an authorizer", async () => {
    const socket = `unix-abstract:${freshName()}`;
    await assert.rejects(serve({ socket, routes: () => {} }), /no file.*set authorize/);
    await using t = await setUp(pair, { socket, authorize: sameUser() });
    assert.equal(t.server.address, socket);
    assert.equal((await t.client.unary({ text: "abstract" })).text, "abstract");
    // The kernel compares all bytes of an abstract name, including NUL bytes that some programs pad it with. It shows
    // those as "@".
    const names = readFileSync("/proc/net/unix", "utf8").split("\n");
    assert.ok(names.some((line) => line.endsWith(` @${socket.slice("unix-abstract:".length)}`)));
    await assert.rejects(
      serve({ socket, authorize: sameUser(), signals: false, routes: () => {} }),
      (error) => error instanceof AddressInUseError,
    );
    await t.server.close();
    const error = await failure(t.client.unary({}), Code.Unavailable);
    assert.ok(error.message.includes(`no server at ${socket} (ECONNREFUSED)`), error.message);
  });

  it("says what is wrong with a socket that nobody handed over", async () => {
    for (const fd of ["backend", -1, 999]) {
      await assert.rejects(serve({ socket: { fd }, routes: () => {} }), AddressError);
    }
  });
});

for (const engine of serverEngines) {
  describe(`the ${engine} server`, () => {
    const routes = (router: Parameters<Parameters<typeof serve>[0]["routes"]>[0]) =>
      router.rpc(EchoService.method.unary, ({ text }) => ({ text }));

    it("refuses a peer over the other protocols as well", async () => {
      await using t = await setUp({ client: "node", server: engine }, { authorize: () => false });
      const nodeOptions = { socketPath: pathOf(t.server.address) };
      const transport = createConnectTransport({ httpVersion: "1.1", baseUrl: "http://localhost", nodeOptions });
      await failure(createClient(EchoService, transport).unary({}), Code.PermissionDenied);
      assert.equal(t.echo.calls, 0);
    });

    for (const fd of [3, "backend"]) {
      const source = typeof fd === "number" ? "a descriptor" : "systemd names it";
      it(`serves a socket that listens already, as ${source}, and leaves its file alone`, async () => {
        const path = join(folder, `${freshName()}.sock`);
        // It listens at another path first, because libuv unlinks the path that it has bound when this process closes
        // the socket.
        const listening = createServer().listen(`${path}.tmp`);
        await new Promise((resolve) => listening.once("listening", resolve));
        renameSync(`${path}.tmp`, path);
        const handle = (listening as unknown as { _handle: { fd: number } })._handle;
        const { mode, ino } = lstatSync(path);
        const script = fileURLToPath(new URL("../support/server-process.js", import.meta.url));
        // systemd sets LISTEN_PID to the process id of the server.
        const command = `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=backend exec "$0" "$@"`;
        const options = JSON.stringify({ socket: { fd } });
        const child = spawn("sh", ["-c", command, process.execPath, script, "-", engine, options], {
          stdio: ["pipe", "pipe", "inherit", handle.fd],
        });
        const exited = new Promise((resolve) => child.once("close", (_, signal) => resolve(signal)));
        await new Promise((resolve) => listening.close(resolve));
        const [line] = await once(child.stdout as NodeJS.ReadableStream, "data");
        assert.equal(String(line), "serving at fd:3\n");
        const channels = clientEngines.map((client) => createChannel(path, { engine: client }));
        for (const channel of channels) {
          assert.equal((await channel.client(EchoService).unary({ text: "inherited" })).text, "inherited");
        }
        child.kill("SIGTERM");
        assert.equal(await exited, "SIGTERM");
        await Promise.all(channels.map((channel) => channel.close()));
        assert.deepEqual([lstatSync(path).mode, lstatSync(path).ino], [mode, ino]);
        rmSync(path);
      });
    }

    it("publishes itself again when its socket is deleted", async () => {
      await using t = await setUp({ client: "node", server: engine });
      await t.client.unary({});
      const path = pathOf(t.server.address);
      const before = lstatSync(path).ino;
      unlinkSync(path);
      await until(() => (lstatSync(path, { throwIfNoEntry: false })?.ino ?? before) !== before, "a new socket");
      assert.equal((await t.client.unary({ text: "old connection" })).text, "old connection");
      const channel = createChannel(t.server.address);
      assert.equal((await channel.client(EchoService).unary({ text: "new one" })).text, "new one");
      await channel.close();
    });

    it("publishes itself again when a folder above it is renamed, and another has its name", async () => {
      const above = join(folder, freshName());
      const path = join(above, "within", "x.sock");
      mkdirSync(join(above, "within"), { recursive: true });
      await using server = await serve({ socket: path, engine, signals: false, routes });
      renameSync(above, `${above}.old`);
      mkdirSync(join(above, "within"), { recursive: true });
      await until(() => lstatSync(path, { throwIfNoEntry: false }) !== undefined, "a new socket");
      await assert.rejects(serve({ socket: path, signals: false, routes }), AddressInUseError);
      const channel = createChannel(path);
      assert.equal((await channel.client(EchoService).unary({ text: "here" })).text, "here");
      await channel.close();
      await server.close();
      rmSync(above, { recursive: true });
      rmSync(`${above}.old`, { recursive: true });
    });

    it("says so and closes when the folder above it is renamed, and there is none by its name", async () => {
      const above = join(folder, freshName());
      mkdirSync(above);
      const reported: unknown[] = [];
      const onError = (error: unknown) => reported.push(error);
      const server = await serve({ socket: join(above, "x.sock"), engine, signals: false, routes, onError });
      renameSync(above, `${above}.old`);
      await server.closed;
      assert.ok(reported[0] instanceof AddressError && /is there a folder/.test(reported[0].message), String(reported));
      rmSync(`${above}.old`, { recursive: true });
    });

    it("publishes itself again where no file can be watched any more", async (t) => {
      const mocked = t.mock.method(fs, "watch", () => {
        throw Object.assign(new Error("ENOSPC: System limit for number of file watchers reached"), { code: "ENOSPC" });
      });
      syncBuiltinESMExports();
      try {
        const socket = freshName();
        const path = pathOf(socket);
        await using _ = await serve({ socket, engine, signals: false, routes });
        assert.ok(mocked.mock.callCount() > 0);
        const { ino } = lstatSync(path);
        unlinkSync(path);
        await until(() => (lstatSync(path, { throwIfNoEntry: false })?.ino ?? ino) !== ino, "a new socket");
      } finally {
        mocked.mock.restore();
        syncBuiltinESMExports();
      }
    });

    it("publishes itself again though its socket is deleted before anybody watches it", async () => {
      const socket = freshName();
      const path = pathOf(socket);
      const starting = serve({ socket, engine, signals: false, routes });
      const exists = () => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      while (!exists()) {
        await new Promise(setImmediate);
      }
      unlinkSync(path);
      const server = await starting;
      await until(exists, "a new socket");
      await server.close();
    });

    it("leaves nothing open when it is closed while it publishes itself again", async () => {
      for (let turns = 0; turns < 12; turns++) {
        const socket = freshName();
        const server = await serve({ socket, engine, signals: false, routes });
        unlinkSync(pathOf(socket));
        for (let turn = 0; turn < turns; turn++) {
          await new Promise(setImmediate);
        }
        await server.close();
      }
    });

    it("says so and closes when another file takes the place of its socket", async () => {
      const reported: unknown[] = [];
      const socket = freshName();
      const server = await serve({ socket, engine, signals: false, routes, onError: (error) => reported.push(error) });
      const path = pathOf(socket);
      const intruder = createServer().listen(`${path}.other`);
      await new Promise((resolve) => intruder.once("listening", resolve));
      renameSync(`${path}.other`, path);
      await server.closed;
      assert.ok(reported[0] instanceof AddressError && /another file has taken the place/.test(reported[0].message));
      assert.ok(lstatSync(path).isSocket(), "the other's socket is the other's");
      await new Promise((resolve) => intruder.close(resolve));
      rmSync(path, { force: true });
    });

    it("hands its name over without a moment in which nobody is there", async () => {
      const socket = freshName();
      const path = pathOf(socket);
      let old = await serve({ socket, engine, signals: false, routes });
      for (let round = 0; round < 5; round++) {
        const next = await serve({ socket, engine, signals: false, routes, takeover: true });
        assert.ok(lstatSync(path).isSocket());
        await old.closed;
        await assert.rejects(serve({ socket, signals: false, routes }), AddressInUseError);
        const channel = createChannel(socket);
        assert.equal((await channel.client(EchoService).unary({ text: "here" })).text, "here");
        await channel.close();
        old = next;
      }
      await old.close();
    });

    it("answers one that asks for its name after the other, and keeps it if they go away", async () => {
      const socket = freshName();
      const path = pathOf(socket);
      const server = await serve({ socket, engine, signals: false, routes });
      const [first, second] = [asks(path), asks(path)];
      assert.equal(await first.line, "FREE\n");
      // The lock is free, but the name is taken. A process that only looks at the name removes the lock file when it
      // leaves.
      await assert.rejects(serve({ socket, signals: false, routes }), AddressInUseError);
      first.socket.destroy();
      assert.equal(await second.line, "FREE\n");
      const { ino } = lstatSync(path);
      unlinkSync(path);
      second.socket.destroy();
      await until(() => (lstatSync(path, { throwIfNoEntry: false })?.ino ?? ino) !== ino, "a new socket");
      const third = asks(path);
      assert.equal(await third.line, "FREE\n");
      // The starting server has moved its socket to the name, and is killed before it can report that.
      const killed = createServer().listen(`${path}.other`);
      await new Promise((resolve) => killed.once("listening", resolve));
      renameSync(`${path}.other`, path);
      await new Promise((resolve) => killed.close(resolve));
      third.socket.destroy();
      const channel = createChannel(socket, { waitForReady: true });
      assert.equal((await channel.client(EchoService).unary({ text: "still here" })).text, "still here");
      await channel.close();
      await assert.rejects(
        serve({ socket, signals: false, routes, takeover: false }),
        (error) => error instanceof AddressInUseError && error.pid === process.pid,
      );
      await server.close();
    });

    it("lets one of several have its name that ask at once, and always somebody", async () => {
      const socket = freshName();
      let servers = [await serve({ socket, engine, signals: false, routes })];
      const channel = createChannel(socket);
      const { unary } = channel.client(EchoService);
      for (let round = 0; round < 5; round++) {
        let isOver = false;
        const calls = Array.from({ length: 4 }, async () => {
          while (!isOver) {
            await unary({ text: "there" });
          }
        });
        const outcomes = await Promise.allSettled(
          Array.from({ length: 4 }, () => serve({ socket, engine, signals: false, routes, takeover: true })),
        );
        isOver = true;
        await Promise.all(calls);
        const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
        assert.ok(won.length > 0);
        for (const outcome of outcomes) {
          assert.ok(outcome.status === "fulfilled" || outcome.reason instanceof AddressInUseError, outcome.status);
        }
        servers = [...servers, ...won];
      }
      await channel.close();
      await Promise.all(servers.map((server) => server.close()));
    });

    it("takes a free name over from nobody, and not one from a server that does not know how", async () => {
      const socket = freshName();
      const server = await serve({ socket, engine, signals: false, routes, takeover: true });
      await server.close();
      const path = pathOf(socket);
      const stranger = createServer((s) =>
        s
          .on("error", () => {})
          .resume()
          .end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      ).listen(path);
      await new Promise((resolve) => stranger.once("listening", resolve));
      await assert.rejects(
        serve({ socket, signals: false, routes, takeover: true }),
        (error) => error instanceof AddressInUseError && error.pid === process.pid,
      );
      await new Promise((resolve) => stranger.close(resolve));
    });
  });
}

/** Asks a server for its name, as a new server does. */
function asks(path: string): { socket: Socket; line: Promise<string> } {
  const socket = connect({ path });
  socket.write("VYRA TAKEOVER/1\n");
  return { socket, line: once(socket, "data").then(([data]) => String(data)) };
}

describe("another user", { skip: process.geteuid?.() === 0 ? false : "needs root" }, () => {
  const routes = (router: Parameters<Parameters<typeof serve>[0]["routes"]>[0]) =>
    router.rpc(EchoService.method.unary, ({ text }) => ({ text }));

  /** Returns the outcome when another user does this. */
  async function stranger(
    what: "call" | "take over" | "serve" | "serve under any umask",
    path: string,
  ): Promise<string> {
    const script = fileURLToPath(new URL("../support/stranger-process.js", import.meta.url));
    const child = spawn(process.execPath, [script, what, path], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "close");
    const [line] = await once(child.stdout, "data");
    await ended;
    return String(line).trim();
  }

  /** Creates a folder like /tmp: every user may create files in it, and remove only their own. */
  function folderForAll(name: string): string {
    const path = join(folder, name);
    mkdirSync(path);
    chmodSync(path, 0o1777);
    chmodSync(folder, 0o711);
    return path;
  }

  for (const engine of serverEngines) {
    it(`may neither call the ${engine} server nor have its name, even if the file's mode would allow it`, async () => {
      await using t = await setUp({ client: "direct", server: engine }, { mode: 0o666 });
      const path = pathOf(t.server.address);
      chmodSync(folder, 0o711);
      assert.match(await stranger("call", path), /^PermissionDenied: .*uid 65534, gid 65534.* is not allowed here/);
      assert.equal(await stranger("take over", path), 'answered ""');
      assert.equal(t.echo.calls, 0);
      assert.equal((await t.client.unary({ text: "still here" })).text, "still here");
    });
  }

  it("is not called, and gives no name away, by a socket in a server's place", async () => {
    const squatted = folderForAll("squatted");
    const path = join(squatted, "x.sock");
    const intruder = createServer((socket) =>
      socket
        .on("error", () => {})
        .resume()
        .write("FREE\n"),
    ).listen(path);
    await new Promise((resolve) => intruder.once("listening", resolve));
    chownSync(path, 65_534, 65_534);
    await failure(createChannel(path).client(EchoService).unary({}), Code.PermissionDenied);
    await assert.rejects(serve({ socket: path, signals: false, routes, takeover: true }), /belongs to uid 65534/);
    assert.ok(lstatSync(path).isSocket());
    await new Promise((resolve) => intruder.close(resolve));
    rmSync(squatted, { recursive: true });
  });

  it("may serve whatever the umask, and need not be root for it", async () => {
    const shared = folderForAll("shared");
    assert.equal(await stranger("serve under any umask", join(shared, "own")), "served at 2");
    rmSync(shared, { recursive: true });
  });

  it("is told whose the lock file is that keeps them from the name", async () => {
    const shared = folderForAll("shared");
    const path = join(shared, "x.sock");
    writeFileSync(`${path}.lock`, "", { mode: 0o600 });
    assert.match(await stranger("serve", path), /^AddressError: .*x\.sock\.lock is not a file of this user .*uid 0/);
    rmSync(shared, { recursive: true });
  });
});

const inNamespace = ["unshare", "--user", "--map-root-user"];
const mayUnshare =
  process.geteuid?.() === 0 && spawnSync(inNamespace[0] ?? "", [...inNamespace.slice(1), "true"]).status === 0;

describe("who is not mapped in a user namespace", {
  skip: mayUnshare ? false : "needs root and user namespaces",
}, () => {
  /**
   * Runs a program in a user namespace in which root is root and every other user has the overflow id. @returns its
   * output
   */
  async function within(
    program: string,
    path: string,
    meanwhile: () => Promise<void> = async () => {},
  ): Promise<string> {
    const args = [...inNamespace.slice(1), process.execPath, "--input-type=module", "--eval", program, path];
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const child = spawn(inNamespace[0] ?? "", args, { cwd, stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "close");
    let printed = "";
    child.stdout.on("data", (data) => {
      printed += data;
    });
    await once(child.stdout, "data");
    await meanwhile();
    child.stdin.end();
    await ended;
    return printed.trim();
  }

  const overflow = Number(readFileSync("/proc/sys/kernel/overflowuid", "utf8"));

  it("is on no list, and in no group", async () => {
    chmodSync(folder, 0o711);
    const path = join(folder, "x.sock");
    const program = `
      import { groups, serve, users } from "@vyra/ipc";
      import { EchoService } from "../gen/vyra/test/echo_pb.js";
      const authorize = (peer) => {
        console.log(peer.uid, peer.gid, users([peer.uid])(peer), groups([peer.gid])(peer));
        return users([peer.uid])(peer);
      };
      const routes = (router) => router.rpc(EchoService.method.unary, () => ({}));
      const server = await serve({ socket: process.argv[1], mode: 0o666, authorize, routes });
      console.log("serving");
      process.stdin.resume().once("end", () => server.close());`;
    let answer = "";
    const printed = await within(program, path, async () => {
      const script = fileURLToPath(new URL("../support/stranger-process.js", import.meta.url));
      const child = spawn(process.execPath, [script, "call", path], { stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(child, "close");
      answer = String(await once(child.stdout, "data"));
      await ended;
    });
    assert.match(answer, /^PermissionDenied/);
    assert.equal(printed, `serving\n${overflow} ${overflow} false false`);
  });

  it("is not trusted, though it is named", async () => {
    const path = join(folder, "x.sock");
    const squatter = createServer().listen(path);
    await once(squatter, "listening");
    chownSync(path, 54_321, 54_321);
    const program = `
      import { createChannel } from "@vyra/ipc";
      import { EchoService } from "../gen/vyra/test/echo_pb.js";
      const channel = createChannel(process.argv[1], { trustedUsers: [${overflow}] });
      await channel.client(EchoService).unary({}).catch((error) => console.log(error.message));
      await channel.close();`;
    assert.match(await within(program, path), new RegExp(`permission_denied.*belongs to uid ${overflow}`));
    await new Promise((resolve) => squatter.close(resolve));
  });
});

describe("an authorizer", () => {
  const peer = (uid: number, gid: number) => ({ pid: 1, uid, gid });

  it("lets in its own user and root, or those that it names", () => {
    const own = process.geteuid?.() ?? 0;
    assert.deepEqual(
      [own, 0, 54_321].map((uid) => sameUser()(peer(uid, 0))),
      [true, true, own === 54_321],
    );
    assert.deepEqual(
      [5, 0, 6].map((uid) => users([5])(peer(uid, 9))),
      [true, true, false],
    );
    assert.equal(users(["root"])(peer(0, 0)), true);
    assert.deepEqual(
      [7, 8].map((gid) => groups([7])(peer(1_000, gid))),
      [true, false],
    );
    assert.throws(() => users(["nobody-by-this-name"]), /there is no user "nobody-by-this-name"/);
    assert.throws(() => groups(["nobody-by-this-name"]), RangeError);
  });
});

describe("a folder of the modules' own", () => {
  it("is made private, and must be", async () => {
    const own = join(folder, "own");
    const saved = process.env.VYRA_IPC_DIR;
    process.env.VYRA_IPC_DIR = own;
    const server = await serve({ socket: "m", signals: false, routes: () => {} });
    assert.equal(lstatSync(own).mode & 0o777, 0o700);
    await server.close();
    rmSync(own, { recursive: true });
    mkdirSync(own);
    chmodSync(own, 0o777);
    await assert.rejects(serve({ socket: "m", signals: false, routes: () => {} }), /other users may write.*chmod 700/);
    chmodSync(own, 0o1777);
    await (await serve({ socket: "m", signals: false, routes: () => {} })).close();
    rmSync(own, { recursive: true });
    process.env.VYRA_IPC_DIR = join(own, "within");
    const umask = process.umask(0o777);
    try {
      await (await serve({ socket: "m", signals: false, routes: () => {} })).close();
    } finally {
      process.umask(umask);
    }
    assert.equal(lstatSync(join(own, "within")).mode & 0o777, 0o700);
    assert.equal(lstatSync(own).mode & 0o777, 0o700);
    rmSync(own, { recursive: true });
    process.env.VYRA_IPC_DIR = saved;
  });
});
