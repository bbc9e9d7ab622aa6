import type { Done } from "../contract/lines.js";

/** What a load has done. */
export type Tally = Omit<Done, "at" | "usage" | "serverUsage">;
