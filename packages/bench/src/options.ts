import { parseArgs } from "node:util";
import { peers } from "./peers/index.js";
import type { Peer } from "./peers/peer.js";
import { coreOfRpc } from "./scenarios/core.js";
import { scenarios } from "./scenarios/index.js";
import { openLoopPoints } from "./scenarios/rpc/open-loop.js";
import type { Scenario } from "./scenarios/scenario.js";
import { type Suite, suites } from "./suite.js";

export const usage = `npm run bench [-- [http2] [rpc] [mixed] [instructions] [import] [options]]

  --peer a,b       only these peers
  --scenario a,b   only these scenarios
  --core           the scenarios and peers behind the README and the first lines of the report, in about 25 minutes;
                   replaces their results, and writes both
  --rate R[,R2]    calls per second of the scenario "open-loop"
  --rounds N       the number of rounds of each peer in each scenario (default 5, or 3 for --core)
  --quick          shows that everything runs, in one short round whose figures are worth nothing; the report goes to
                   its own folder
  --json FILE      writes the results there
  --update         measures these scenarios again, replaces their results, and writes the report
  --report         only writes docs/reports/performance.md again, from the present results
  --list           names suites, scenarios and peers

Results and docs/reports/performance.md are written when a suite has run in full: all its peers, all its scenarios.`;

export interface Options {
  readonly suites: readonly Suite[];
  readonly peers: readonly Peer[];
  readonly scenarios: readonly Scenario[];
  readonly rounds: number | undefined;
  readonly isQuick: boolean;
  /** Whether all peers and all scenarios take part. */
  readonly isWhole: boolean;
  /** Whether the scenarios are measured again, with all their peers, to replace their earlier results. */
  readonly isUpdate: boolean;
  /** Whether only the core scenarios and their main peers are measured. */
  readonly isCore: boolean;
  readonly json: string | undefined;
  readonly task: "run" | "report" | "list" | "help";
}

/** @throws Error that says which argument is invalid */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peer: { type: "string", multiple: true },
      scenario: { type: "string", multiple: true },
      core: { type: "boolean", default: false },
      rate: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      update: { type: "boolean", default: false },
      report: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.update && (values.quick || values.peer !== undefined)) {
    throw new Error("--update needs the figures of all peers: leave out --quick and --peer");
  }
  if (values.core && (positionals.length > 0 || values.peer !== undefined || values.scenario !== undefined)) {
    throw new Error("--core chooses suites, scenarios and peers itself");
  }
  const wanted = values.core ? ["rpc" as const] : positionals.length === 0 ? suites : positionals.map(suiteOf);
  const inSuites = <T extends { readonly suite: Suite }>(all: readonly T[]): T[] =>
    all.filter(({ suite }) => wanted.includes(suite));
  const rates = values.rate?.split(",").map((text) => positiveInteger("--rate", text));
  const names =
    values.scenario ??
    (rates &&
      inSuites(scenarios)
        .filter(isOpenLoop)
        .map(({ name }) => name));
  const meant = values.core ? coreOfRpc() : chosen("scenario", names, inSuites(scenarios));
  return {
    suites: wanted,
    peers: chosen("peer", values.peer, inSuites(peers)),
    scenarios: rates === undefined ? meant : meant.map((each) => atRates(each, rates)),
    rounds: values.rounds === undefined ? undefined : positiveInteger("--rounds", values.rounds),
    isQuick: values.quick,
    isWhole: values.peer === undefined && names === undefined && !values.core,
    isUpdate: values.update || (values.core && !values.quick),
    isCore: values.core,
    json: values.json,
    task: values.help ? "help" : values.list ? "list" : values.report ? "report" : "run",
  };
}

function isOpenLoop({ needs }: Scenario): boolean {
  return needs === "open-loop";
}

/** Returns the scenario with calls at these rates, if its calls are made at a rate. */
function atRates(scenario: Scenario, rates: readonly number[]): Scenario {
  return isOpenLoop(scenario) ? { ...scenario, points: openLoopPoints(rates) } : scenario;
}

function suiteOf(word: string): Suite {
  const suite = suites.find((each) => each === word);
  if (suite === undefined) {
    throw new Error(`there is no suite ${word}: choose from ${suites.join(", ")}`);
  }
  return suite;
}

function chosen<T extends { readonly name: string }>(
  what: string,
  lists: readonly string[] | undefined,
  all: readonly T[],
): T[] {
  if (lists === undefined) {
    return [...all];
  }
  const names = lists.flatMap((list) => list.split(","));
  const unknown = names.find((name) => !all.some((each) => each.name === name));
  if (unknown !== undefined) {
    const known = [...new Set(all.map(({ name }) => name))];
    throw new Error(`there is no ${what} ${unknown}: choose from ${known.join(", ")}`);
  }
  return all.filter(({ name }) => names.includes(name));
}

function positiveInteger(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`${option} must be a positive integer, not ${text}`);
  }
  return value;
}
