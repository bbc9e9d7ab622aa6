import { nodePrograms, type Peer, packageVersion } from "../peer.js";

/** What a socket and JavaScript allow: hand-written, no protocol but a length, no promises, one write per tick. */
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
