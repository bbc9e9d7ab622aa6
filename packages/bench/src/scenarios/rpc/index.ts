import { inFullHeaps, named, type Scenario } from "../scenario.js";
import { additionsToCalls } from "./additions.js";
import { calls } from "./calls.js";
import { connections } from "./connections.js";
import { openLoop } from "./open-loop.js";
import { startAndMemory } from "./start-and-memory.js";
import { largeStreams, streams } from "./streams.js";
import { sweeps } from "./sweeps.js";

/** Messages of 64 KiB show the effect of a full heap on V8's garbage collection best. */
const fullHeaps = named([...calls, ...streams], ["unary-64k", "download-64k", "upload-64k"]).map(inFullHeaps);

export const rpcScenarios: readonly Scenario[] = [
  ...calls,
  ...additionsToCalls,
  ...streams,
  ...fullHeaps,
  ...largeStreams,
  ...connections,
  ...sweeps,
  ...openLoop,
  ...startAndMemory,
];

/** The scenarios that the suites `mixed` and `instructions` repeat: calls, and streams in either direction. */
export const coreScenarios: readonly Scenario[] = named(rpcScenarios, ["unary-1", "unary-64", "download", "upload"]);
