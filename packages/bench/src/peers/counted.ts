import type { Missing, Peer, Ready } from "./peer.js";
import { outputOf } from "./toolchain.js";

/** Returns the peer with its programs running under callgrind. */
export function countedPeer(peer: Peer): Peer {
  return { ...peer, suite: "instructions", prepare: () => prepare(peer) };
}

async function prepare(peer: Peer): Promise<Ready | Missing> {
  const version = outputOf("valgrind", ["--version"]);
  if (version === undefined || outputOf("callgrind_control", ["--version"]) === undefined) {
    return { missing: "Valgrind, which counts instructions" };
  }
  const ready = await peer.prepare();
  return "missing" in ready ? ready : { ...ready, version: `${ready.version}, ${version}`, isCounted: true };
}
