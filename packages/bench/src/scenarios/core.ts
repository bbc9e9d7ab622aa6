import { rpcScenarios } from "./rpc/index.js";
import { named, type Scenario } from "./scenario.js";

/** The scenarios behind the README and the first lines of the report, in the order of these lines. */
export const coreNames = [
  "unary-1",
  "unary-64",
  "unary-extras",
  "additions",
  "download",
  "unary-64k",
  "unary-1m",
  "open-loop",
  "cold-start",
  "memory-connection",
] as const;

const corePeers = [
  "kernel-limit",
  "kernel-limit-busy",
  "js-limit",
  "direct",
  "grpc-js",
  "connect-node",
  "grpc-go-1",
  "grpc-go-2",
  "tonic",
  "grpc-cpp",
];

/** The peers of the README's table. */
const readmePeers = [...corePeers, "tonic-multi", "grpcio", "fastify", "node-ipc", "child-process"];

/** Returns the core scenarios with the peers that matter there, each in every round. */
export function coreOfRpc(): readonly Scenario[] {
  return named(rpcScenarios, coreNames).map(({ repeat: _, only, ...scenario }) => {
    const peers = scenario.name === "unary-1" || scenario.name === "unary-64" ? readmePeers : corePeers;
    return { ...scenario, only: only === undefined ? peers : peers.filter((name) => only.includes(name)) };
  });
}
