import { nodePrograms, type Peer } from "../peer.js";

const version = `node:http2 of Node.js ${process.version}`;

export const nodeHttp2Peers: readonly Peer[] = [
  {
    suite: "http2",
    name: "node-http2",
    title: "node:http2",
    prepare: async () => ({ version, ...nodePrograms(import.meta.url) }),
  },
  {
    suite: "rpc",
    name: "node-http2",
    title: "bare node:http2, no RPC",
    prepare: async () => ({ version, ...nodePrograms(import.meta.url, ["protobuf"]) }),
    cannot: ({ needs }) =>
      needs === "messages"
        ? "has no messages"
        : needs === "extras"
          ? "has no RPC metadata, deadlines, retries"
          : undefined,
  },
];
