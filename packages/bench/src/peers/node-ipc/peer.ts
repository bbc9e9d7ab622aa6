import { nodePrograms, type Peer, packageVersion } from "../peer.js";

/** Events as JSON on a Unix socket. node-ipc has no calls, so an id in each message matches responses to requests. */
export const nodeIpc: Peer = {
  suite: "rpc",
  name: "node-ipc",
  title: "node-ipc, JSON",
  prepare: async () => ({ version: packageVersion("node-ipc"), ...nodePrograms(import.meta.url) }),
  cannot: ({ needs }) => (needs === "calls" ? undefined : "has no streams, metadata or deadlines"),
};
