import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Missing, opensOneStream, type Peer, type Ready } from "../peer.js";
import { buildOnce, cache, outputOf, protoFolder, runTool, sources } from "../toolchain.js";

/** tonic requires this version. */
const rustVersion = "1.88";

/**
 * tonic on both of tokio's runtimes. Where one thread can do the work, `current_thread` saves the wake-ups between
 * threads. `multi_thread` is what `#[tokio::main]` starts by default. tonic has no retries, so that part of the extras
 * is left out.
 */
export const tonicPeers: readonly [Peer, Peer] = [
  tonicOn("current_thread", "tonic", "Tokio runs client and server on one thread each, which saves wake-ups."),
  tonicOn("multi_thread", "tonic-multi", "Tokio runs client and server on a thread for each core, as by default."),
];

function tonicOn(runtime: string, name: string, configuration: string): Peer {
  const title = `tonic (Rust), ${runtime} runtime`;
  return { suite: "rpc", name, title, configuration, prepare: () => prepare(runtime), cannot: opensOneStream };
}

async function prepare(runtime: string): Promise<Ready | Missing> {
  const version = /rustc (\S+)/.exec(outputOf("rustc", ["--version"]) ?? "")?.[1];
  const isThere = version !== undefined && outputOf("cargo", ["--version"]) !== undefined;
  if (!isThere || version.localeCompare(rustVersion, "en", { numeric: true }) < 0) {
    return { missing: `Rust ${rustVersion} or newer` };
  }
  const folder = join(sources, "tonic");
  const target = join(cache, "tonic");
  await buildOnce("tonic", { folders: [folder, protoFolder], words: [version] }, () =>
    runTool("cargo", ["build", "--release", "--locked", "--quiet"], { cwd: folder, env: { CARGO_TARGET_DIR: target } }),
  );
  const tonic = /name = "tonic"\nversion = "(.*)"/.exec(readFileSync(join(folder, "Cargo.lock"), "utf8"))?.[1];
  const program = join(target, "release/vyra-bench-tonic");
  return {
    version: `tonic ${tonic}, Rust ${version}`,
    server: [program, "server", runtime],
    client: [program, "client", runtime],
  };
}
