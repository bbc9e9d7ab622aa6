import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Interceptor, StreamResponse } from "@connectrpc/connect";
import { run } from "./support/command.js";
import { ownFolder } from "./support/folder.js";
import { serveShop } from "./support/shop.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("vyra-ipc", () => {
  ownFolder();

  it("exits with 74 if its output cannot be written", { skip: !existsSync("/dev/full") }, () => {
    const { status, stderr } = spawnSync("sh", ["-c", '"$0" "$1" help > /dev/full', process.execPath, main], {
      encoding: "utf8",
    });
    assert.deepEqual({ status, stderr }, { status: 74, stderr: "vyra-ipc: cannot write the output (ENOSPC)\n" });
  });

  it("reads a stream no faster than its output is read, and can still be interrupted", async () => {
    let sent = 0;
    async function* orders() {
      for (;;) {
        sent++;
        yield {
          $typeName: "cli.test.Order",
          id: "x".repeat(10_000),
          items: [],
          addresses: {},
          state: 0,
          payment: { case: undefined },
          signature: new Uint8Array(),
        };
      }
    }
    const endless: Interceptor = (next) => async (req) => {
      const res = await next(req);
      return res.stream ? ({ ...res, message: orders() } as unknown as StreamResponse) : res;
    };
    await using _ = await serveShop("endless", {
      interceptors: [(next) => (req) => (req.method.name === "Watch" ? endless(next)(req) : next(req))],
    });
    const call = spawn(process.execPath, [main, "call", "endless", "Watch"], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(call, "exit");
    for (let before = -1; sent === 0 || sent > before; await delay(300)) {
      before = sent;
    }
    call.kill("SIGINT");
    assert.deepEqual(await ended, [130, null]);
  });

  it("has no help for an unknown command", async () => {
    const { code, stderr } = await run(["help", "fly"]);
    assert.deepEqual(
      { code, stderr },
      { code: 2, stderr: "vyra-ipc: there is no such command. See vyra-ipc --help\n" },
    );
  });
});
