import type { Budget, Machine, PeerDescription, ScenarioResult, SuiteResult } from "../figures/results.js";
import type { Options } from "../options.js";
import { type Missing, type Peer, type Ready, reasonAgainst } from "../peers/peer.js";
import { outputOf } from "../peers/toolchain.js";
import { type Scenario, shrunk } from "../scenarios/scenario.js";
import type { Suite } from "../suite.js";
import { Progress } from "./progress.js";
import { type PlannedPoint, roundsOf, runScenario } from "./run-scenario.js";

/**
 * Prepares the peers of a suite and has them do its scenarios.
 *
 * @param onScenario is called with the result of each scenario as soon as it is there.
 */
export async function runSuite(
  suite: Suite,
  options: Options,
  machine: Machine,
  budget: Budget,
  onScenario: (scenario: Scenario, result: ScenarioResult) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const wanted = options.peers.filter((peer) => peer.suite === suite);
  const prepared = await prepare(wanted);
  const scenarios = options.scenarios
    .filter((scenario) => scenario.suite === suite)
    .map((scenario) => (options.isQuick ? shrunk(scenario) : scenario));
  const plan = scenarios.map((scenario) => ({ scenario, points: planned(scenario, wanted, prepared, options) }));
  const progress = new Progress(
    plan.reduce(
      (sum, { scenario, points }) =>
        sum + roundsOf(scenario, budget) * points.reduce((inRound, { peers }) => inRound + peers.size, 0),
      0,
    ),
  );
  const results: ScenarioResult[] = [];
  for (const { scenario, points } of plan) {
    if (points.length === 0) {
      continue;
    }
    const result = await runScenario(scenario, points, budget, (name) => progress.step(`${scenario.name}, ${name}`));
    progress.clear();
    onScenario(scenario, result);
    results.push(result);
  }
  return { suite, startedAt, commit: commit(), machine, budget, peers: describe(wanted, prepared), scenarios: results };
}

type Prepared = ReadonlyMap<Peer, Ready | Missing>;

async function prepare(wanted: readonly Peer[]): Promise<Prepared> {
  const prepared = new Map<Peer, Ready | Missing>();
  for (const peer of wanted) {
    const state = await peer.prepare();
    prepared.set(peer, state);
    console.log(`  ${peer.name.padEnd(14)} ${"missing" in state ? `missing: ${state.missing}` : state.version}`);
  }
  return prepared;
}

/** Returns the points of a scenario that have any peers. */
function planned(scenario: Scenario, wanted: readonly Peer[], prepared: Prepared, options: Options): PlannedPoint[] {
  const { isWhole, isUpdate, isCore } = options;
  const isMeant = ({ name }: Peer) =>
    !(isWhole || isUpdate || isCore) || scenario.only === undefined || scenario.only.includes(name);
  return scenario.points
    .map((point) => {
      const peers = new Map<string, Ready>();
      for (const peer of wanted) {
        const state = prepared.get(peer);
        const isThere = state !== undefined && !("missing" in state);
        if (isThere && isMeant(peer) && reasonAgainst(peer, scenario, point) === undefined) {
          peers.set(peer.name, state);
        }
      }
      return { point, peers };
    })
    .filter(({ peers }) => peers.size > 0);
}

function describe(wanted: readonly Peer[], prepared: Prepared): PeerDescription[] {
  return wanted.map((peer) => {
    const state = prepared.get(peer) as Ready | Missing; // prepare() has an entry for each peer
    const { name, title, configuration } = peer;
    const about = { name, title, ...(configuration !== undefined && { configuration }) };
    return "missing" in state ? { ...about, missing: state.missing } : { ...about, version: state.version };
  });
}

function commit(): string | undefined {
  const head = outputOf("git", ["rev-parse", "--short=12", "HEAD"]);
  const changes = outputOf("git", ["status", "--porcelain", "--untracked-files=no"]);
  return head === undefined ? undefined : `${head}${changes === "" ? "" : "+"}`;
}
