import { nodePrograms, type Peer, packageVersion } from "../peer.js";

export const grpcJs: Peer = {
  suite: "rpc",
  name: "grpc-js",
  title: "grpc-js",
  prepare: async () => ({ version: packageVersion("@grpc/grpc-js"), ...nodePrograms(import.meta.url) }),
};
