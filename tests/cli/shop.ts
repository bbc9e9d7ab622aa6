// The command and a server to look at, in a folder where modules' sockets live.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "../support/folders.js";

/** The command as it was built. */
export const main = join(root, "packages/cli/dist/main.js");

/** The shop of the command's own tests. */
const shopServer = join(root, "packages/cli/dist-test/support/shop-server.js");

/** A folder with the command `vyra-ipc`, somebody's home and, once it is opened, the module `shop`. */
export class Shop {
  readonly folder: string;
  readonly home: string;
  /** What finds the command and the module. */
  readonly env: Readonly<Record<string, string>>;
  #server: ChildProcess | undefined;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "vyra-cli-"));
    this.home = join(this.folder, "home");
    this.env = { VYRA_IPC_DIR: this.folder, PATH: `${this.folder}${delimiter}${process.env.PATH}` };
  }

  async open(): Promise<void> {
    mkdirSync(this.home);
    chmodSync(main, 0o755); // as npm does when it installs
    symlinkSync(main, join(this.folder, "vyra-ipc"));
    const server = spawn(process.execPath, [shopServer, "shop"], { env: { ...process.env, ...this.env } });
    this.#server = server;
    server.stderr.pipe(process.stderr);
    await once(server.stdout, "data");
  }

  /** Ends the server, which must leave nothing, and removes the folder. */
  async close(): Promise<void> {
    if (this.#server !== undefined) {
      this.#server.kill("SIGTERM");
      await once(this.#server, "exit");
    }
    assert.deepEqual(readdirSync(this.folder), ["home", "vyra-ipc"]);
    rmSync(this.folder, { recursive: true });
  }
}
