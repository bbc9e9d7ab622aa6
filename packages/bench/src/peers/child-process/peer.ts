import { nodePrograms, type Peer } from "../peer.js";

/**
 * fork() and its messages, which Node.js itself has for a parent and its child. An id in each message matches responses
 * to requests.
 */
export const childProcess: Peer = {
  suite: "rpc",
  name: "child-process",
  title: "child_process messages",
  configuration: 'The serialization "advanced", which takes bytes as they are.',
  prepare: async () => ({
    version: `child_process of Node.js ${process.version}, serialization "advanced"`,
    client: nodePrograms(import.meta.url).client,
  }),
  cannot: ({ needs, points }) =>
    needs !== "calls"
      ? "has no streams, metadata or deadlines"
      : points.some(({ work }) => work.connections > 1)
        ? "has one channel for each child"
        : undefined,
};
