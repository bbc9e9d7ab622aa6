import { childProcess } from "./child-process/peer.js";
import { connectNode } from "./connect-node/peer.js";
import { countedPeer } from "./counted.js";
import { fastify } from "./fastify/peer.js";
import { grpcCpp } from "./grpc-cpp/peer.js";
import { grpcGoPeers } from "./grpc-go/peer.js";
import { grpcJs } from "./grpc-js/peer.js";
import { grpcioPeers } from "./grpcio/peer.js";
import { importPeers } from "./import/peers.js";
import { jsLimitPeers } from "./js-limit/peer.js";
import { kernelLimitPeers } from "./kernel-limit/peer.js";
import { mixedPeers } from "./mixed.js";
import { nodeHttp2Peers } from "./node-http2/peer.js";
import { nodeIpc } from "./node-ipc/peer.js";
import { ourPeers } from "./ours/peer.js";
import { oursHttp2 } from "./ours-http2/peer.js";
import type { Peer } from "./peer.js";
import { tcpPeers } from "./tcp/peer.js";
import { tonicPeers } from "./tonic/peer.js";

const rpcPeers: readonly Peer[] = [
  ...ourPeers,
  ...tcpPeers,
  grpcJs,
  connectNode,
  grpcCpp,
  ...grpcGoPeers,
  ...tonicPeers,
  ...grpcioPeers,
  fastify,
  nodeIpc,
  childProcess,
];

const [direct] = ourPeers as readonly [Peer];
const whollyInJavaScript = [...jsLimitPeers.filter(({ suite }) => suite === "rpc"), direct, grpcJs, connectNode];
const [, grpcGo] = grpcGoPeers;
const [tonic] = tonicPeers;
const speakGrpc = [grpcJs, connectNode, grpcCpp, grpcGo, tonic, ...grpcioPeers];

/** All peers, in the order in which they are shown. To add a peer, write a folder with a `peer.ts` and a line here. */
export const peers: readonly Peer[] = [
  ...jsLimitPeers,
  ...kernelLimitPeers,
  oursHttp2,
  ...nodeHttp2Peers,
  ...rpcPeers,
  ...mixedPeers(direct, speakGrpc),
  ...whollyInJavaScript.map(countedPeer),
  ...importPeers,
];
