import { nodePrograms, type Peer, packageVersion } from "../peer.js";

/**
 * The limit of a socket in JavaScript: written by hand, with no protocol except for a length, without promises, and
 * with one write for each turn of the event loop.
 */
export const limitPeers: readonly Peer[] = [
  {
    suite: "http2",
    name: "limit",
    title: "the limit: length-prefixed bytes",
    prepare: async () => ({ version: `Node.js ${process.version}`, ...nodePrograms(import.meta.url) }),
  },
  {
    suite: "rpc",
    name: "limit",
    title: "the limit: length-prefixed protobuf",
    prepare: async () => ({
      version: packageVersion("@bufbuild/protobuf"),
      ...nodePrograms(import.meta.url, ["protobuf"]),
    }),
    cannot: ({ needs }) => (needs === "extras" ? "has neither metadata nor deadlines" : undefined),
  },
];
