import assert from "node:assert/strict";
import { fork } from "node:child_process";
import fs, {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it, type Mock } from "node:test";

import { AddressError, AddressInUseError, type Published, publish } from "../dist/address/index.js";

const isRoot = process.geteuid?.() === 0;

describe("publish", () => {
  let folder: string;
  let path: string;
  const opened: { server: Server; published: Published }[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "vyra-"));
  });
  beforeEach(() => {
    path = join(folder, "x.sock");
  });
  afterEach(async () => {
    for (const { server, published } of opened.splice(0)) {
      published.unpublish();
      await new Promise((resolve) => server.close(resolve));
    }
    assert.deepEqual(readdirSync(folder), []);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function open(options: Partial<Parameters<typeof publish>[2]> = {}, at = path) {
    const server = createServer((socket) => socket.end());
    const published = await publish(server, at, { mode: 0o600, lock: true, ...options });
    opened.push({ server, published });
    return { server, published };
  }

  function refused(pattern: RegExp, at = path): Promise<void> {
    return assert.rejects(
      open({}, at),
      (error) => error instanceof AddressError && !(error instanceof AddressInUseError) && pattern.test(error.message),
    );
  }

  it("publishes the socket with the requested access rights, and its lock beside it", async () => {
    await open({ mode: 0o640 });
    assert.equal(lstatSync(path).mode & 0o777, 0o640);
    assert.ok(lstatSync(path).isSocket());
    assert.equal(lstatSync(`${path}.lock`).mode & 0o777, 0o600);
    assert.equal(readFileSync(`${path}.lock`, "latin1").split("\n")[0], String(process.pid));
    assert.deepEqual(readdirSync(folder).sort(), ["x.sock", "x.sock.lock"]);
  });

  it("sets the requested access rights, whatever the umask", async () => {
    for (const umask of [0o177, 0o777]) {
      const before = process.umask(umask);
      try {
        const { server, published } = await open({ mode: 0o660 });
        assert.equal(lstatSync(path).mode & 0o777, 0o660);
        assert.equal(lstatSync(`${path}.lock`).mode & 0o777, 0o600);
        published.unpublish();
        await new Promise((resolve) => server.close(resolve));
        opened.length = 0;
      } finally {
        process.umask(before);
      }
    }
  });

  it("leaves no socket, lock or folder behind if any step fails", async (t) => {
    const steps = [
      "fstatSync",
      "ftruncateSync",
      "writeSync",
      "lstatSync",
      "mkdtempSync",
      "chmodSync",
      "renameSync",
    ] as const;
    for (const step of steps) {
      for (let nth = 0; nth < 2; nth++) {
        const mocked = t.mock.method(fs, step) as unknown as Mock<() => never>;
        mocked.mock.mockImplementationOnce(() => {
          throw Object.assign(new Error(`EIO: ${step}`), { code: "EIO" });
        }, nth);
        syncBuiltinESMExports();
        try {
          const { server, published } = await open();
          published.unpublish(); // this step does not occur that often
          await new Promise((resolve) => server.close(resolve));
          opened.length = 0;
        } catch (error) {
          assert.ok(error instanceof AddressError, String(error));
          assert.deepEqual(readdirSync(folder), [], `${step}, call ${nth}`);
        } finally {
          mocked.mock.restore();
          syncBuiltinESMExports();
        }
        assert.ok(mocked.mock.callCount() > 0, `${step} is a step`);
      }
    }
  });

  it("serves even if the private folder cannot be removed", async (t) => {
    const mocked = t.mock.method(fs, "rmdirSync", () => {
      throw Object.assign(new Error("EBUSY"), { code: "EBUSY" });
    });
    syncBuiltinESMExports();
    try {
      const { published } = await open();
      assert.equal(mocked.mock.callCount(), 1);
      await connects(path);
      published.unpublish();
    } finally {
      mocked.mock.restore();
      syncBuiltinESMExports();
    }
    const [left = "", ...others] = readdirSync(folder);
    assert.match(left, /^\.ipc/);
    assert.deepEqual(others, []);
    assert.deepEqual(readdirSync(join(folder, left)), []);
    rmSync(join(folder, left), { recursive: true });
  });

  it("never exposes a socket with other access rights, or before it listens", async () => {
    const seen = new Set<string>();
    let isDone = false;
    const watching = (async () => {
      while (!isDone) {
        const stat = lstatSync(path, { throwIfNoEntry: false });
        if (stat !== undefined) {
          seen.add((stat.mode & 0o777).toString(8));
        }
        await new Promise(setImmediate);
      }
    })();
    try {
      for (let round = 0; round < 20; round++) {
        const { server, published } = await open();
        await connects(path);
        published.unpublish();
        await new Promise((resolve) => server.close(resolve));
      }
    } finally {
      isDone = true;
      await watching;
    }
    assert.deepEqual([...seen], ["600"]);
    opened.length = 0;
  });

  it("removes everything again, and may be asked to twice", async () => {
    const { published } = await open();
    published.unpublish();
    published.unpublish();
    assert.deepEqual(readdirSync(folder), []);
  });

  it("refuses the address of a live server, and names its process", async () => {
    await open();
    await assert.rejects(
      open(),
      (error) =>
        error instanceof AddressInUseError &&
        error.pid === process.pid &&
        error.message ===
          `${path} is in use by this process (pid ${process.pid}): stop it first, or serve at another address`,
    );
    await connects(path);
  });

  it("does not name a process of another pid namespace, whose id means nothing here", async () => {
    await open();
    writeFileSync(`${path}.lock`, `${process.pid}\npid:[1]\n`);
    await assert.rejects(
      open(),
      (error) => error instanceof AddressInUseError && error.pid === undefined && /another process/.test(error.message),
    );
  });

  it("refuses the address of a live server that holds no lock", async () => {
    const foreign = createServer().listen(path);
    await new Promise((resolve) => foreign.once("listening", resolve));
    for (const lock of [true, false]) {
      await assert.rejects(open({ lock }), (error) => error instanceof AddressInUseError && error.pid === process.pid);
    }
    await connects(path);
    await new Promise((resolve) => foreign.close(resolve));
  });

  it("replaces a dead socket and a dead lock", async () => {
    await leaveDeadSocket(path);
    writeFileSync(`${path}.lock`, "1\n");
    await open();
    await connects(path);
    assert.equal(readFileSync(`${path}.lock`, "latin1").split("\n")[0], String(process.pid));
  });

  it("leaves a regular file, a directory and a symbolic link at its path alone", async () => {
    writeFileSync(path, "precious");
    await refused(/there is a regular file at .*x\.sock, not a socket/);
    assert.equal(readFileSync(path, "utf8"), "precious");
    unlinkSync(path);

    mkdirSync(path);
    await refused(/there is a directory at/);
    rmSync(path, { recursive: true });

    for (const target of ["nowhere", "/etc/passwd"]) {
      symlinkSync(target, path);
      await refused(/there is a symbolic link at/);
      assert.ok(lstatSync(path).isSymbolicLink());
      unlinkSync(path);
    }
  });

  it("leaves another user's dead socket alone", async () => {
    await leaveDeadSocket(path);
    if (isRoot) {
      chownSync(path, 54_321, 54_321);
      await refused(/belongs to uid 54321/);
    } else {
      await asSomebodyElse(() => refused(/belongs to uid|not a file of this user/));
    }
    assert.ok(existsSync(path));
    rmSync(`${path}.lock`, { force: true });
    unlinkSync(path);
  });

  it("does not trust another user's lock file, or follow a link to one", async () => {
    writeFileSync(`${path}.lock`, "");
    if (isRoot) {
      chownSync(`${path}.lock`, 54_321, 54_321);
      await refused(/x\.sock\.lock is not a file of this user/);
    } else {
      await asSomebodyElse(() => refused(/x\.sock\.lock is not a file of this user/));
    }
    unlinkSync(`${path}.lock`);
    symlinkSync(join(folder, "elsewhere"), `${path}.lock`);
    await refused(/symbolic link is in the way/);
    assert.ok(!existsSync(join(folder, "elsewhere")));
    unlinkSync(`${path}.lock`);
  });

  it("does not overwrite a file of this user that was given the name of the lock", async () => {
    writeFileSync(join(folder, "precious"), "precious");
    linkSync(join(folder, "precious"), `${path}.lock`);
    await refused(/x\.sock\.lock has more than one hard link/);
    assert.equal(readFileSync(join(folder, "precious"), "utf8"), "precious");
    unlinkSync(`${path}.lock`);
    unlinkSync(join(folder, "precious"));
  });

  it("reports what is wrong with the folder", async () => {
    await refused(/is there a folder .*missing\?/, join(folder, "missing", "x.sock"));
    writeFileSync(join(folder, "file"), "");
    await refused(/is not a folder/, join(folder, "file", "x.sock"));
    unlinkSync(join(folder, "file"));
    // Root may write anywhere except in the kernel's own file systems.
    const closed = isRoot ? "/proc" : join(folder, "closed");
    if (!isRoot) {
      mkdirSync(closed, { mode: 0o500 });
    }
    await refused(/may not write in|is there a folder|read-only/, join(closed, "x.sock"));
    if (!isRoot) {
      chmodSync(closed, 0o700);
      rmSync(closed, { recursive: true });
    }
  });

  it("refuses a path that leaves no room for the temporary name, before changing anything", async () => {
    const short = join(folder, "d".repeat(107 - folder.length - 3));
    mkdirSync(short);
    await refused(/at most 107/, join(short, "s"));
    assert.deepEqual(readdirSync(short), []);
    rmSync(short, { recursive: true });
  });

  it("does not remove a successor's socket", async () => {
    const { published, server } = await open();
    renameSync(path, `${path}.old`);
    const successor = createServer().listen(path);
    await new Promise((resolve) => successor.once("listening", resolve));
    published.unpublish();
    await new Promise((resolve) => server.close(resolve));
    await connects(path);
    await new Promise((resolve) => successor.close(resolve));
    unlinkSync(`${path}.old`);
    opened.length = 0;
  });

  it("gives the address to exactly one of many servers", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => open()));
    assert.equal(outcomes.filter((o) => o.status === "fulfilled").length, 1);
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "fulfilled" || outcome.reason instanceof AddressInUseError, String(outcome));
    }
    await connects(path);
  });

  it("gives the address to exactly one of many processes", async () => {
    const script = new URL("./support/publish-process.js", import.meta.url);
    const children = Array.from({ length: 6 }, () => fork(script, [path]));
    const answers = await Promise.all(
      children.map((child) => new Promise<string>((resolve) => child.once("message", (text) => resolve(String(text))))),
    );
    assert.deepEqual([...answers].sort(), [
      "AddressInUseError",
      "AddressInUseError",
      "AddressInUseError",
      "AddressInUseError",
      "AddressInUseError",
      "published",
    ]);
    await connects(path);
    await Promise.all(
      children.map((child) => {
        const ended = child.exitCode === null && new Promise((resolve) => child.once("exit", resolve));
        if (child.connected) {
          child.disconnect();
        }
        return ended;
      }),
    );
  });
});

function connects(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Creates a socket whose listener is gone. libuv unlinks the path that it bound, so the file is moved before. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.tmp`);
  await new Promise((resolve) => server.once("listening", resolve));
  renameSync(`${path}.tmp`, path);
  await new Promise((resolve) => server.close(resolve));
}

/** Acts as a different user for a moment, since only root can give files away. */
async function asSomebodyElse(body: () => Promise<void>): Promise<void> {
  const { geteuid } = process;
  process.geteuid = () => 54_321;
  try {
    await body();
  } finally {
    if (geteuid !== undefined) {
      process.geteuid = geteuid;
    }
  }
}
