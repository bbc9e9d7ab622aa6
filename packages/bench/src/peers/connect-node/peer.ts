import { nodePrograms, onlyAdds, type Peer, packageVersion } from "../peer.js";

export const connectNode: Peer = {
  suite: "rpc",
  name: "connect-node",
  title: "connect-node",
  configuration: "It speaks gRPC over HTTP/2, in one session for each connection.",
  prepare: async () => ({ version: packageVersion("@connectrpc/connect-node"), ...nodePrograms(import.meta.url) }),
  cannotAdd: onlyAdds(["noop", "noop-3", "header", "server-noop"]),
};
