import type { Done } from "../contract/lines.js";
import type { Warm } from "../figures/measurement.js";
import type { Durations, Settle } from "../figures/results.js";

/** The runs of a client; tests have their own. */
export interface Client {
  run(ms: number): Promise<Pick<Done, "count" | "seconds" | "latencyUs">>;
}

/** The number of successive windows whose rates must agree. */
const agreeing = 3;

/**
 * Has a new client do its job until its rate no longer changes. The first run is the first time that the code of client
 * and server runs at all; after it come windows, until the rates of the last three agree, or until there were too many.
 */
export async function warmUp(client: Client, { warmMs, settle }: Pick<Durations, "warmMs" | "settle">): Promise<Warm> {
  const first = await client.run(warmMs);
  const rates: number[] = [];
  let seconds = first.seconds;
  while (settle !== undefined && rates.length < settle.maxWindows && !hasSettled(rates, settle)) {
    const window = await client.run(settle.windowMs);
    seconds += window.seconds;
    rates.push(window.count / window.seconds);
  }
  return { first, seconds, isSettled: settle === undefined || hasSettled(rates, settle) };
}

/** Returns whether the highest of the last three rates exceeds the lowest by no more than the tolerance. */
function hasSettled(rates: readonly number[], { tolerance }: Settle): boolean {
  const last = rates.slice(-agreeing);
  return last.length === agreeing && Math.max(...last) <= Math.min(...last) * (1 + tolerance);
}
