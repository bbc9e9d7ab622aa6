import { backlog } from "./backlog.js";
import { clock } from "./clock.js";
import type { Fault } from "./fault.js";
import { greedy } from "./greedy.js";
import { kills } from "./kills.js";
import { lostName } from "./lost-name.js";
import { memory } from "./memory.js";
import { namespaces } from "./namespaces.js";
import { noDescriptors, noSpace } from "./no-room.js";
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
  "no-space": noSpace,
  "no-descriptors": noDescriptors,
  clock,
  greedy,
  memory,
  namespaces,
};
