import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Machine, SuiteResult } from "../figures/results.js";

export function writeResults(file: string, results: SuiteResult | readonly SuiteResult[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${compact(JSON.stringify(results, null, 1))}\n`);
}

/** Writes each round on one line: the file stays small enough for a repository, and versions of it can be compared. */
function compact(json: string): string {
  return json.replace(/\{\s*"figures"[^}]*\}[^}]*\}/g, (round) => round.replace(/\s+/g, " "));
}

/**
 * Returns the earlier results with the scenarios that were measured again in place of the older ones, and with the
 * peers as they are now.
 *
 * @throws Error if the earlier results cannot be updated
 */
export function updated(
  before: SuiteResult | undefined,
  { scenarios, peers, startedAt, commit, budget, machine }: SuiteResult,
): SuiteResult {
  assertUpdatable(before, machine);
  const anew = scenarios.map((each) => ({ ...each, update: { startedAt, commit, budget } }));
  return { ...before, peers: merged(before.peers, peers), scenarios: merged(before.scenarios, anew) };
}

/** Returns all of `before`, with those of `after` in place of those with the same name. */
function merged<T extends { readonly name: string }>(before: readonly T[], after: readonly T[]): T[] {
  return [...new Map([...before, ...after].map((each) => [each.name, each])).values()];
}

/**
 * Checks earlier results before minutes are spent on measuring.
 *
 * @throws Error if there are none, or they are from another machine
 */
export function assertUpdatable(before: SuiteResult | undefined, machine: Machine): asserts before is SuiteResult {
  if (before === undefined) {
    throw new Error("there are no results to update: run the suite in full first");
  }
  if (
    machine.cpu !== before.machine.cpu ||
    machine.cores !== before.machine.cores ||
    machine.node !== before.machine.node
  ) {
    throw new Error("the existing results are from another machine or Node.js: run the suite in full");
  }
}

export function readResults(file: string): SuiteResult | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as SuiteResult;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
