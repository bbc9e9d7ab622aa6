import { once } from "node:events";
import { createInterface } from "node:readline";
import { createChannel } from "@vyra/ipc";
import { ModuleService } from "@vyra/ipc/proto";
import { start } from "./child-process.js";
import { demoConfigPath } from "./config.js";

/** Keeps the page up until the signal is aborted. Meanwhile Enter kills the backend, and starts it again. */
export async function keepPageUp(module: string, signal: AbortSignal): Promise<never> {
  await using channel = createChannel(module);
  await using frontend = await start("frontend", module, signal);
  console.log(`frontend  pid ${frontend.pid}, ${frontend.readyLine}`);

  const input = createInterface({ input: process.stdin, signal });
  const enter = () => once(input, "line", { signal });
  for (;;) {
    await using backend = await start("backend", module, signal);
    await channel.client(ModuleService).initialize({ configPath: demoConfigPath }, { signal });
    console.log(`backend   pid ${backend.pid}, ${backend.readyLine}. Enter kills it, Ctrl-C ends the demo.`);
    await Promise.race([enter(), backend.ended]);
    console.log(`backend   ended (${await backend.end("SIGKILL")}). Enter starts it again.`);
    await enter();
  }
}
