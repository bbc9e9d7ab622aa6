// The command and a server for it, in a folder for the sockets of modules.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "../support/folders.js";

/** The compiled command. */
export const main = join(root, "packages/cli/dist/main.js");

/** The shop service that the command's own tests use. */
const shopServer = join(root, "packages/cli/dist-test/support/shop-server.js");

/** A folder with the command `vyra-ipc`, a home directory and, once it is opened, the module `shop`. */
export class Shop {
  readonly folder: string;
  readonly home: string;
  /** The environment variables with which the command and the module are found. */
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

  /** Ends the server, which must leave no files behind, and removes the folder. */
  async close(): Promise<void> {
    if (this.#server !== undefined) {
      this.#server.kill("SIGTERM");
      await once(this.#server, "exit");
    }
    assert.deepEqual(readdirSync(this.folder), ["home", "vyra-ipc"]);
    rmSync(this.folder, { recursive: true });
  }
}
