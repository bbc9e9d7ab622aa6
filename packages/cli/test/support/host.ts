/**
 * Runs commands on the order of `command.ts`, several at once, each with its own output. A command runs the whole of
 * `vyra-ipc` except for its process, whose start takes longer than most commands.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { main } from "../../dist/cli.js";
import type { Ended } from "./command.js";

export interface Order {
  readonly id: number;
  readonly args: readonly string[];
  /** The folder of modules' sockets. */
  readonly folder: string | undefined;
}

export interface Done extends Ended {
  readonly id: number;
}

const outputs = new AsyncLocalStorage<Record<"stdout" | "stderr", string>>();

for (const name of ["stdout", "stderr"] as const) {
  const stream = process[name];
  const write = stream.write.bind(stream);
  stream.write = (text: string | Uint8Array) => {
    const output = outputs.getStore();
    if (output === undefined) {
      return write(text); // a warning of Node.js, or the error that ended this process
    }
    output[name] += text;
    return true;
  };
}

process.on("message", async ({ id, args, folder }: Order) => {
  if (folder === undefined) {
    delete process.env.VYRA_IPC_DIR;
  } else {
    process.env.VYRA_IPC_DIR = folder;
  }
  const output = { stdout: "", stderr: "" };
  const code = await outputs.run(output, () => main(args));
  process.send?.({ id, code, ...output } satisfies Done);
});
