import { nodePrograms, type Peer, packageVersion } from "../peer.js";

export const oursHttp2: Peer = {
  suite: "http2",
  name: "ours",
  title: "@vyra/http2",
  prepare: async () => ({ version: packageVersion("@vyra/http2"), ...nodePrograms(import.meta.url) }),
};
