import { createChannel } from "@vyra/ipc";
import { type Missing, nodePrograms, type Peer, packageVersion, type Ready } from "../peer.js";

/** The engine of the server for each engine of the client; the engine undici has no server. */
const serving: Record<string, string> = { direct: "direct", node: "node", undici: "direct" };

export const ourPeers: readonly Peer[] = Object.keys(serving).map((engine) => ({
  suite: "rpc",
  name: engine,
  title: `@vyra/ipc, ${engine} engine`,
  configuration: "Default options, and a deadline for each call.",
  prepare: async () => prepare(engine),
  cannotAdd: () => undefined,
}));

function prepare(engine: string): Ready | Missing {
  try {
    createChannel("/tmp/nobody.sock", { engine: engine as "direct" }); // the channel never dials, since no call is made
  } catch {
    return { missing: `an engine "${engine}" in @vyra/ipc` };
  }
  return {
    version: packageVersion("@vyra/ipc"),
    server: nodePrograms(import.meta.url, [serving[engine] as string]).server,
    client: nodePrograms(import.meta.url, [engine]).client,
  };
}
