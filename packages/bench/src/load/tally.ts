import type { Done } from "../contract/lines.js";

/** The outcome of a load. */
export type Tally = Omit<Done, "at" | "usage" | "serverUsage">;
