import { nodePrograms, type Peer, packageVersion } from "../peer.js";

/** Events as JSON on a Unix socket. It knows no calls: an id in the message says which answer is whose. */
export const nodeIpc: Peer = {
  suite: "rpc",
  name: "node-ipc",
  title: "node-ipc, JSON",
  prepare: async () => ({ version: packageVersion("node-ipc"), ...nodePrograms(import.meta.url) }),
  cannot: ({ needs }) => (needs === "calls" ? undefined : "has no streams, metadata or deadlines"),
};
