import { nodePrograms, type Peer } from "../peer.js";

/** What Node.js itself offers a parent and its child: fork() and messages, here with an id to tell answers apart. */
export const childProcess: Peer = {
  suite: "rpc",
  name: "child-process",
  title: "child_process messages",
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
