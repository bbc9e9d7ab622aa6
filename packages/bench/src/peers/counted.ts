import type { Missing, Peer, Ready } from "./peer.js";
import { ask } from "./toolchain.js";

/** A peer whose programs run under callgrind. */
export function countedPeer(peer: Peer): Peer {
  return { ...peer, suite: "instructions", prepare: () => prepare(peer) };
}

async function prepare(peer: Peer): Promise<Ready | Missing> {
  const version = ask("valgrind", ["--version"]);
  if (version === undefined || ask("callgrind_control", ["--version"]) === undefined) {
    return { missing: "valgrind, which counts" };
  }
  const ready = await peer.prepare();
  return "missing" in ready ? ready : { ...ready, version: `${ready.version}, ${version}`, isCounted: true };
}
