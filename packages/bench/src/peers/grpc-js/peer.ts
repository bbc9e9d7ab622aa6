import type { Addition } from "../../contract/additions.js";
import { nodePrograms, onlyAdds, type Peer, packageVersion } from "../peer.js";

export const grpcJs: Peer = {
  suite: "rpc",
  name: "grpc-js",
  title: "grpc-js",
  configuration:
    "Its options are the default ones, except that the limits of message sizes are switched off. It is not faster " +
    "without channelz.",
  prepare: async () => ({ version: packageVersion("@grpc/grpc-js"), ...nodePrograms(import.meta.url) }),
  cannotAdd,
};

const adds = onlyAdds(["noop", "noop-3", "header", "retry", "server-noop", "sampled-out", "spans"]);

function cannotAdd(addition: Addition): string | undefined {
  const needsMetrics = ["metrics", "metric-producer", "telemetry"].includes(addition);
  return needsMetrics ? "@opentelemetry/instrumentation-grpc has no metrics" : adds(addition);
}
