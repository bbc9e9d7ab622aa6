import { mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Scenario } from "../../scenarios/scenario.js";
import type { Missing, Peer, Ready } from "../peer.js";
import { buildOnce, cache, outputOf, runTool, sources } from "../toolchain.js";

const flags = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror"];

/**
 * The limit of the kernel: a program in C with epoll sends the same frames as JavaScript's limit, and neither encodes
 * nor parses their bodies. One peer sleeps until data arrives, as programs mostly do. The other asks the kernel again
 * and again, which takes a whole core for each side.
 */
export const kernelLimitPeers: readonly Peer[] = [
  {
    suite: "rpc",
    name: "kernel-limit",
    title: "the kernel's limit: C and epoll, sleeping",
    configuration: "It sleeps in epoll_wait(2) until data arrives.",
    ...running("sleeping"),
  },
  {
    suite: "rpc",
    name: "kernel-limit-busy",
    title: "the kernel's limit: C and epoll, busy polling",
    configuration: "It calls epoll_wait(2) with a timeout of 0, again and again.",
    ...running("busy"),
  },
];

function running(mode: "sleeping" | "busy"): Pick<Peer, "prepare" | "cannot"> {
  return { prepare: () => prepare(mode), cannot };
}

function cannot({ needs }: Scenario): string | undefined {
  return needs === "extras" ? "has neither metadata nor deadlines" : undefined;
}

async function prepare(mode: string): Promise<Ready | Missing> {
  const version = outputOf("gcc", ["-dumpfullversion"]);
  if (version === undefined) {
    return { missing: "gcc" };
  }
  const folder = join(sources, "kernel-limit");
  const program = join(cache, "bin/kernel-limit");
  await buildOnce("kernel-limit", { folders: [folder], words: [version, ...flags] }, async () => {
    mkdirSync(dirname(program), { recursive: true });
    const files = readdirSync(folder).filter((name) => name.endsWith(".c"));
    await runTool("gcc", [...flags, "-o", program, ...files], { cwd: folder });
  });
  return { version: `gcc ${version}`, server: [program, "server", mode], client: [program, "client", mode] };
}
