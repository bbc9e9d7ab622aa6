import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Gives the tests of a file their own folder for sockets, and checks after each test that it left nothing behind: no
 * socket file, no lock, no timer and no open handle.
 */
export function leaveNothingBehind(): { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "vyra-"));
  const before_ = process.env.VYRA_IPC_DIR;
  let baseline = new Map<string, number>();
  before(() => {
    process.env.VYRA_IPC_DIR = folder;
  });
  beforeEach(() => {
    baseline = resources();
  });
  afterEach(async () => {
    assert.deepEqual(readdirSync(folder), [], "files left behind");
    assert.deepEqual(await excess(baseline), [], "resources left behind");
  });
  after(() => {
    if (before_ === undefined) {
      delete process.env.VYRA_IPC_DIR;
    } else {
      process.env.VYRA_IPC_DIR = before_;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder };
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

/** Returns what is open beyond the baseline. A handle that is being closed is given a moment to disappear. */
async function excess(baseline: Map<string, number>): Promise<string[]> {
  for (let waitedMs = 0; ; waitedMs += 10) {
    // The wait itself is a timer, so the check is made between two waits.
    const found = [...resources()].filter(([type, count]) => count > (baseline.get(type) ?? 0)).map(([type]) => type);
    if (found.length === 0 || waitedMs > 1_000) {
      return found;
    }
    await delay(10);
  }
}
