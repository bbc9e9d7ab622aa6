import { work } from "../../contract/job.js";
import type { Scenario } from "../scenario.js";

export const concurrency: Scenario = {
  suite: "http2",
  name: "concurrency",
  title: "What an exchange costs as streams grow in number",
  about: "Echo of 32 bytes with ever more under way; flat is good.",
  needs: "calls",
  counts: "exchanges",
  points: [1, 4, 16, 64, 256, 1_000].map((at) => ({ at, work: work("calls", { inFlight: at }) })),
  axis: "in flight",
  repeat: 0.6,
  columns: ["cpuUs", "rate", "p50Us", "p99Us"],
};
