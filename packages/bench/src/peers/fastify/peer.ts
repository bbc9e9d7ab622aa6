import { nodePrograms, type Peer, packageVersion } from "../peer.js";

/** The web way on the same socket: HTTP/1.1 and JSON. light-my-request is pinned for it: later ones need Node.js 22. */
export const fastify: Peer = {
  suite: "rpc",
  name: "fastify",
  title: "fastify and undici, JSON",
  prepare: async () => ({
    version: `${packageVersion("fastify")}, ${packageVersion("undici")}`,
    ...nodePrograms(import.meta.url),
  }),
  cannot: ({ needs }) =>
    needs === "calls" ? undefined : "has no messages, deadlines on the wire or retries of its own",
};
