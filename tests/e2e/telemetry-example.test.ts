import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { root } from "../support/folders.js";

const demo = join(root, "examples/telemetry/demo.mjs");

it("the telemetry example shows one trace across two sockets, and leaves nothing behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vyra-telemetry-"));
  try {
    const env = { ...process.env, VYRA_IPC_DIR: folder };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [demo], { env });
    assert.equal(stderr, "");
    const pattern = /^(\w+) +span (\w+) ([\w-]+) > (\w+) {2}(\w+) (.*?) +[\d.]+ ms$/gm;
    const spans = [...stdout.matchAll(pattern)].map(([, process, trace, parent, id, kind, name]) => ({
      place: `${process} ${kind} ${name}`,
      trace,
      parent,
      id,
    }));
    const chain = [spans.find(({ parent }) => parent === "-")];
    for (let last = chain[0]; last !== undefined; last = spans.find(({ parent }) => parent === last?.id)) {
      chain.push(spans.find(({ parent }) => parent === last?.id));
    }
    assert.deepEqual(
      chain.map((span) => span?.place),
      [
        "frontend INTERNAL a visit",
        "frontend CLIENT vyra.ipc.BackendService/ProcessData OK",
        "backend SERVER vyra.ipc.BackendService/ProcessData OK",
        "backend CLIENT vyra.ipc.ModuleService/GetData OK",
        "storage SERVER vyra.ipc.ModuleService/GetData OK",
        undefined,
      ],
    );
    assert.equal(new Set(spans.map(({ trace }) => trace)).size, 1);
    assert.match(stdout, /^storage +metric grpc\.server\.call\.duration vyra\.ipc\.ModuleService\/GetData OK: 1 ×, /m);
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
