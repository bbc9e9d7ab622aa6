import type { Scenario } from "../../scenarios/scenario.js";
import { nodePrograms, type Peer, packageVersion } from "../peer.js";

const titles = {
  "direct-stats": "@vyra/ipc, stats read",
  "direct-telemetry": "@vyra/ipc, telemetry() by OpenTelemetry's SDK",
};

/** The direct engine with statistics or telemetry, to measure what these cost each call. */
export const watchedPeers: readonly Peer[] = Object.entries(titles).map(([name, title]) => ({
  suite: "rpc",
  name,
  title,
  prepare: async () => ({
    version: packageVersion("@vyra/ipc"),
    ...nodePrograms(import.meta.url, [name]),
  }),
  cannot,
}));

const telling = ["unary-1", "unary-64", "download"];

function cannot({ name }: Scenario): string | undefined {
  return telling.includes(name) ? undefined : "would tell nothing new";
}
