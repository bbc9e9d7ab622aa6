import { nodePrograms, type Peer, packageVersion } from "../peer.js";

/**
 * HTTP/1.1 and JSON on the same socket, as on the web. light-my-request is pinned, since later versions need Node.js
 * 22.
 */
export const fastify: Peer = {
  suite: "rpc",
  name: "fastify",
  title: "fastify and undici, JSON",
  configuration:
    "The route has a schema, so that fastify writes its JSON with a function made for it. undici's pool has up to 64 " +
    "connections, one for each request under way, and `request`, its fastest function.",
  prepare: async () => ({
    version: `${packageVersion("fastify")}, ${packageVersion("undici")}`,
    ...nodePrograms(import.meta.url),
  }),
  cannot: ({ needs }) =>
    needs === "calls" ? undefined : "has no messages, deadlines on the wire or retries of its own",
};
