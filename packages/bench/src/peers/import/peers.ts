import { fileURLToPath } from "node:url";
import { type Peer, packageVersion } from "../peer.js";

const program = fileURLToPath(new URL("program.js", import.meta.url));

function importing(name: string, title: string, ...packages: string[]): Peer {
  return {
    suite: "import",
    name,
    title,
    prepare: async () => ({
      version: packages.map(packageVersion).join(", "),
      client: [process.execPath, program, ...packages],
    }),
  };
}

/**
 * The packages that a process loads before its first call. Every user of Connect loads Connect and protobuf-es anyway,
 * so these two are the reference.
 */
export const importPeers: readonly Peer[] = [
  importing("connect", "Connect and protobuf alone", "@connectrpc/connect", "@bufbuild/protobuf"),
  importing("ours", "@vyra/ipc", "@vyra/ipc"),
  importing("connect-node", "connect-node", "@connectrpc/connect-node"),
  importing("grpc-js", "grpc-js and proto-loader", "@grpc/grpc-js", "@grpc/proto-loader"),
];
