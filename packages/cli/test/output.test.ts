import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "./support/command.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("vyra-ipc", () => {
  it("ends with 74 where its output cannot be written", { skip: !existsSync("/dev/full") }, () => {
    const { status, stderr } = spawnSync("sh", ["-c", '"$0" "$1" help > /dev/full', process.execPath, main], {
      encoding: "utf8",
    });
    assert.deepEqual({ status, stderr }, { status: 74, stderr: "vyra-ipc: cannot write the output (ENOSPC)\n" });
  });

  it("knows no help for what it does not do", async () => {
    const { code, stderr } = await run(["help", "fly"]);
    assert.deepEqual(
      { code, stderr },
      { code: 2, stderr: "vyra-ipc: there is no such command: vyra-ipc help names them all\n" },
    );
  });
});
