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

/** What a process loads before its first call. Connect and protobuf alone are what any user of Connect loads anyway. */
export const importPeers: readonly Peer[] = [
  importing("connect", "Connect and protobuf alone", "@connectrpc/connect", "@bufbuild/protobuf"),
  importing("ours", "@vyra/ipc", "@vyra/ipc"),
  importing("connect-node", "connect-node", "@connectrpc/connect-node"),
  importing("grpc-js", "grpc-js and proto-loader", "@grpc/grpc-js", "@grpc/proto-loader"),
];
