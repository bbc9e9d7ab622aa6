import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { NotProcessedError, UntrustedSocketError } from "@vyra/ipc";
import { failureOf } from "../dist/server/failure-of.js";
import { shellPath, shellWord } from "../dist/terminal/shell-word.js";
import { run } from "./support/command.js";
import { ownFolder } from "./support/folder.js";
import { withListener } from "./support/listener.js";
import { ownShop } from "./support/shop.js";

/** The subcommands that dial, with their arguments after the socket's name. */
const dialling: readonly (readonly [command: string, ...rest: string[]])[] = [
  ["call", "Place"],
  ["describe"],
  ["health"],
  ["wait", "--timeout", "20s"],
  ["bench", "Place"],
  ["top", "--count", "1"],
];

function runAll(socket: string) {
  return Promise.all(dialling.map(([command, ...rest]) => run([command, socket, ...rest])));
}

describe("vyra-ipc reports in every subcommand that the address is not a server but", () => {
  const { folder } = ownShop("some folder", "file");

  before(async () => {
    mkdirSync(join(folder, "some folder"));
    writeFileSync(join(folder, "file"), "");
  });

  it("a folder", async () => {
    const path = join(folder, "some folder");
    for (const { code, stdout, stderr } of await runAll(path)) {
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.equal(
        stderr,
        `vyra-ipc: ${path} is a folder, not a server's socket: vyra-ipc ls '${path}' lists the sockets in it\n`,
      );
    }
  });

  it("a file", async () => {
    const path = join(folder, "file");
    for (const { code, stdout, stderr } of await runAll(path)) {
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.equal(stderr, `vyra-ipc: ${path} is a file, not a server's socket\n`);
    }
  });

  it("a host and a port", async () => {
    for (const { code, stdout, stderr } of await runAll("localhost:50051")) {
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, /^vyra-ipc: "localhost:50051" is a TCP address, which is not supported: [^\n]+\n$/);
    }
  });

  it("another user's socket, and names the option that dials it", async (t) => {
    const cause = new UntrustedSocketError("/run/x.sock", 1234);
    const refused = new ConnectError(
      "no",
      Code.PermissionDenied,
      undefined,
      undefined,
      new NotProcessedError("no", { cause }),
    );
    const { kind, message, status } = failureOf(refused);
    assert.equal(kind, "unreachable");
    assert.equal(status?.code, "PERMISSION_DENIED");
    assert.match(message, /the socket \/run\/x\.sock belongs to uid 1234, .*add --trust 1234$/);
    if (process.geteuid?.() !== 0) {
      t.diagnostic("only root can make another user's socket: what the library throws was taken instead");
      return;
    }
    chownSync(join(folder, "shop_ipc.sock"), 1234, 1234);
    try {
      const outcomes = await runAll("shop");
      for (const { code, stderr } of outcomes) {
        assert.equal(code, 3);
        assert.match(stderr, /belongs to uid 1234, .*add --trust 1234\n$/);
      }
      const trusting = await run(["call", "shop", "Place", "{}", "--trust", "1234"]);
      assert.doesNotMatch(trusting.stderr, /--trust/);
    } finally {
      chownSync(join(folder, "shop_ipc.sock"), process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
    }
  });
});

describe("vyra-ipc, if a proxy answers instead of the server,", () => {
  const folder = ownFolder("proxy.sock");

  for (const [httpStatus, exitCode, code] of [
    [429, 3, "UNAVAILABLE"],
    [502, 3, "UNAVAILABLE"],
    [503, 3, "UNAVAILABLE"],
    [504, 3, "UNAVAILABLE"],
    [401, 1, "UNAUTHENTICATED"],
    [403, 1, "PERMISSION_DENIED"],
  ] as const) {
    it(`maps ${httpStatus} to ${code}`, async () => {
      const proxy = createHttp2Server((_, response) => response.writeHead(httpStatus).end());
      await withListener(proxy, join(folder, "proxy.sock"), async (path) => {
        const outcomes = await Promise.all([
          run(["call", path, "Place"]),
          run(["describe", path]),
          run(["health", path]),
          run(["bench", path, "Place"]),
          run(["top", path, "--count", "1"]),
        ]);
        for (const outcome of outcomes) {
          assert.equal(outcome.code, exitCode);
          assert.equal(
            outcome.stderr,
            `vyra-ipc: ${code}: the server at ${path} answered with HTTP status ${httpStatus}\n`,
          );
        }
        const { stderr } = await run(["call", path, "Place", "--json"]);
        assert.equal(JSON.parse(stderr).error.code, code);
      });
    });
  }

  it("lists it as alive and its server as unreachable, and waits for it", async () => {
    const proxy = createHttp2Server((_, response) => response.writeHead(503).end());
    await withListener(proxy, join(folder, "proxy.sock"), async (path) => {
      const { stdout } = await run(["ls", folder, "--all", "--json"]);
      const { state, health } = JSON.parse(stdout);
      assert.deepEqual({ state, health }, { state: "alive", health: "UNREACHABLE" });
      const waited = await run(["wait", path, "--timeout", "500ms"]);
      assert.equal(waited.code, 4);
      assert.match(waited.stderr, /was not ready within 500 ms: UNAVAILABLE: .* answered with HTTP status 503\n$/);
    });
  });
});

describe("vyra-ipc, with invalid arguments,", () => {
  for (const [args, complaint] of [
    [["cal", "x"], "unknown command 'cal': did you mean call? See vyra-ipc --help"],
    [["frobnicate"], "unknown command 'frobnicate'. See vyra-ipc --help"],
    [["help", "frobnicate"], "there is no such command. See vyra-ipc --help"],
    [["--frob"], "unknown option '--frob'. See vyra-ipc --help"],
    ...["call", "describe", "health", "wait", "bench", "top"].map(
      (command) => [[command], `missing required argument 'socket'. See vyra-ipc ${command} --help`] as const,
    ),
    [["init"], "missing required argument 'dir'. See vyra-ipc init --help"],
    [["call", "x"], "missing required argument 'method'. See vyra-ipc call --help"],
    [
      ["call", "a", "b", "c", "d"],
      "too many arguments for 'call'. Expected 3 arguments but got 4. See vyra-ipc call --help",
    ],
    [["ls", "--al"], "unknown option '--al': did you mean --all? See vyra-ipc ls --help"],
    [
      ["ls", "--trust", "bob"],
      "option '--trust <uid>' argument 'bob' is invalid. A user id is a number: see id -u. See vyra-ipc ls --help",
    ],
  ] as const) {
    it(`points to the right help: ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: "", stderr: `vyra-ipc: ${complaint}\n` });
    });
  }
});

describe("vyra-ipc's help", () => {
  it("shows each default once", async () => {
    const commands = ["ls", "describe", "call", "health", "wait", "bench", "top", "init", "gen"];
    for (const command of commands) {
      const { stdout } = await run([command, "--help"]);
      const entries = stdout.split(/\n {2}(?=\S)/);
      assert.deepEqual(
        entries.filter((entry) => entry.split("(default").length > 2),
        [],
        command,
      );
      assert.doesNotMatch(stdout, /default: \d{4}/, "milliseconds are for programs");
    }
    assert.match((await run(["bench", "--help"])).stdout, /--duration <time> +how long to measure \(default: 10s\)\n/);
  });
});

describe("the text that vyra-ipc prints for a shell", () => {
  const work = mkdtempSync(join(tmpdir(), "vyra-words-"));
  after(() => rmSync(work, { recursive: true }));

  it("is one word, whatever it contains", () => {
    for (const text of [
      "plain-1.2_x",
      "two words",
      "it's",
      '$HOME `id` "q"',
      "*",
      "a;b",
      "-n",
      "~",
      "a\nb",
      "größe",
      "!x",
      "",
    ]) {
      const { stdout } = spawnSync("sh", ["-c", `printf '%s|' ${shellWord(text)}`], { encoding: "utf8" });
      assert.equal(stdout, `${text}|`);
    }
    assert.equal(shellPath("-x"), "./-x");
  });

  it("can be pasted after init, whatever the name of the folder", async () => {
    const names = ["bad name", "it's mine", "-dash", "$HOME;x"];
    for (const name of names) {
      const { code, stdout } = await run(["init", "--name", "shop", "--", name], { cwd: work });
      assert.equal(code, 0);
      const line = stdout.trimEnd().split("\n").at(-1) ?? "";
      const pasted = line.trim().replace(" && npm install && npm test && npm start", " && ls package.json");
      const { status, stdout: listed } = spawnSync("sh", ["-c", pasted], { cwd: work, encoding: "utf8" });
      assert.deepEqual({ status, listed }, { status: 0, listed: "package.json\n" }, pasted);
    }
    assert.deepEqual(readdirSync(work).sort(), [...names].sort());
  });
});
