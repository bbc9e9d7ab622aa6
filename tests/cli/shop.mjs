import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const serverProgram = fileURLToPath(new URL("shop-server.mjs", import.meta.url));

/** A folder with the command `vyra-ipc`, in which the server of the package's own tests serves as `shop`. */
export class Shop {
  #server;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "vyra-term-"));
    /** The environment of a shell that finds the command and the server. */
    this.env = { VYRA_IPC_DIR: this.folder, PATH: `${this.folder}${delimiter}${process.env.PATH}` };
  }

  async open() {
    chmodSync(main, 0o755); // npm does the same when it installs the package
    symlinkSync(main, join(this.folder, "vyra-ipc"));
    this.#server = spawn(process.execPath, [serverProgram, "shop"], { env: { ...process.env, ...this.env } });
    this.#server.stderr.pipe(process.stderr);
    await once(this.#server.stdout, "data");
  }

  /** Ends the server. The folder stays, so that a test can look at what is left in it. */
  async close() {
    this.#server.kill("SIGTERM");
    await once(this.#server, "exit");
  }

  remove() {
    rmSync(this.folder, { recursive: true });
  }
}
