import { nodePrograms, type Peer, packageVersion } from "../peer.js";

/**
 * The limit of a socket in JavaScript: written by hand, with no protocol except for a length, without promises, and
 * with one write for each turn of the event loop. It is no limit for programs that read and write more cleverly.
 */
export const jsLimitPeers: readonly Peer[] = [
  {
    suite: "http2",
    name: "js-limit",
    title: "JavaScript's limit: length-prefixed bytes",
    prepare: async () => ({ version: `Node.js ${process.version}`, ...nodePrograms(import.meta.url) }),
  },
  {
    suite: "rpc",
    name: "js-limit",
    title: "JavaScript's limit: length-prefixed protobuf",
    prepare: async () => ({
      version: packageVersion("@bufbuild/protobuf"),
      ...nodePrograms(import.meta.url, ["protobuf"]),
    }),
    cannot: ({ needs }) => (needs === "extras" ? "has neither metadata nor deadlines" : undefined),
  },
];
