import { backlog } from "./backlog.js";
import type { Fault } from "./fault.js";
import { kills } from "./kills.js";
import { lostName } from "./lost-name.js";
import { starters } from "./starters.js";
import { stopped } from "./stopped.js";
import { takeovers } from "./takeovers.js";

/** All faults by name, in the order in which they are tried. */
export const faults: Readonly<Record<string, Fault>> = {
  starters,
  kills,
  takeovers,
  stopped,
  backlog,
  "lost-name": lostName,
};
