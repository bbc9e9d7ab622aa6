import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before } from "node:test";

/**
 * Gives the tests of a file their own folder for modules' sockets, and checks after each test that only the `allowed`
 * files are left there.
 */
export function ownFolder(...allowed: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "vyra-cli-"));
  const outside = process.env.VYRA_IPC_DIR;
  before(() => {
    process.env.VYRA_IPC_DIR = folder;
  });
  afterEach(() => {
    assert.deepEqual(
      readdirSync(folder).filter((name) => !allowed.includes(name)),
      [],
      "files left behind",
    );
  });
  after(() => {
    if (outside === undefined) {
      delete process.env.VYRA_IPC_DIR;
    } else {
      process.env.VYRA_IPC_DIR = outside;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
