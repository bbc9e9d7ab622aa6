import { fileURLToPath } from "node:url";
import { nodePrograms, type Peer, packageVersion } from "../peer.js";

const program = (name: string, ...words: string[]) => [
  process.execPath,
  fileURLToPath(new URL(name, import.meta.url)),
  ...words,
];

/** The same over TCP on the loopback interface, which users compare with Unix sockets. */
export const tcpPeers: readonly Peer[] = [
  {
    suite: "rpc",
    name: "direct-tcp",
    title: "@vyra/ipc over TCP loopback",
    prepare: async () => ({
      version: packageVersion("@vyra/ipc"),
      server: program("ours-server.js"),
      client: program("ours-client.js"),
    }),
  },
  {
    suite: "rpc",
    name: "grpc-js-tcp",
    title: "grpc-js over TCP loopback",
    prepare: async () => ({
      version: packageVersion("@grpc/grpc-js"),
      ...nodePrograms(new URL("../grpc-js/", import.meta.url).href, ["tcp"]),
    }),
  },
];
