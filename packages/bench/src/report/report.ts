import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { ScenarioResult, SuiteResult } from "../figures/results.js";
import { quietLimit } from "../figures/results.js";
import { spread } from "../figures/stats.js";
import { scenarios } from "../scenarios/index.js";
import type { Scenario } from "../scenarios/scenario.js";
import type { Suite } from "../suite.js";
import { charts, drawChart, fileOf } from "./charts.js";
import { tableOf } from "./tables.js";

const titles: Record<Suite, string> = {
  rpc: "RPC: whole stacks",
  mixed: "@vyra/ipc as client of others, and the reverse",
  instructions: "Instructions",
  http2: "HTTP/2 alone",
  import: "Loading",
};

/**
 * Writes the report to `file`, and its charts beside the results.
 *
 * @param folder the folder of the results, `<suite>.json`
 */
export function writeReport(file: string, folder: string, results: readonly SuiteResult[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const link = (name: string) => relative(dirname(file), join(folder, name)) || name;
  for (const result of results) {
    for (const chart of charts.filter(({ suite }) => suite === result.suite)) {
      const svg = drawChart(chart, result);
      if (svg !== undefined) {
        writeFileSync(join(folder, fileOf(chart)), svg);
      }
    }
  }
  const sections = results.flatMap((result) => suiteSection(result, link));
  writeFileSync(file, [head, ...sections].join("\n\n").concat("\n"));
}

/** The beginning of the report, which does not depend on the results. */
const head = `# Performance

\`npm run bench\` writes this page; do not edit it. Every figure comes from the JSON file that its section names.

## How to read this

Each peer is a server process and a client process of its own, on one machine, connected by one Unix socket unless its
name says otherwise. All peers do the same work. They take turns, one pair of processes at a time, round after round;
the processes are new in each round, and warm up before they are measured.

A figure is the median of the rounds; the small figures after it are the quartiles. «× limit» is the first column
divided by that of the limit in the same round, and then the median of these ratios, since whatever disturbs a round
disturbs both. The limit is what a bare socket and protobuf-es allow: the same messages with no protocol except for a
length, without promises, and with one write per turn of the event loop. The limit is a yardstick that can be exceeded:
@vyra/ipc has its own code for encoding and parsing messages, and lets a batch begin to leave before its turn is over.
Where that saves more than HTTP/2 costs, the ratio is above 1. Of rates, more is better; of times and memory, less is.

CPU is the processor time of a process, user and system, divided by the number of calls, messages or exchanges. Client
and server share this machine's cores: with many calls outstanding, the side that costs more sets the pace. Latencies
are those of the caller, from the call to its response, measured in the client while calls follow each other without
pause.

Instructions are those of a process in user mode, of all threads, counted by Valgrind's callgrind. Other programs on
the machine do not change them. They exclude the work of the kernel, and include that of JavaScript's compiler where
JavaScript takes long to warm up.

Absolute figures from different machines do not compare; ratios mostly do. \`npm run bench\` measures your machine.`;

function suiteSection(result: SuiteResult, link: (name: string) => string): string[] {
  const json = `${result.suite}.json`;
  const peers = new Map(result.peers.map(({ name, title }) => [name, title]));
  return [
    `## ${titles[result.suite]}`,
    machineText(result, `[${json}](${link(json)})`),
    versionsTable(result),
    ...scenarios
      .filter(({ suite }) => suite === result.suite)
      .flatMap((each) => scenarioSection(each, result, peers, link)),
  ];
}

function scenarioSection(
  scenario: Scenario,
  { suite, scenarios: measured }: SuiteResult,
  peers: ReadonlyMap<string, string>,
  link: (name: string) => string,
): string[] {
  const result = measured.find(({ name }) => name === scenario.name);
  if (result === undefined) {
    return []; // the scenario is newer than the results
  }
  const pictures = charts
    .filter((chart) => chart.suite === suite && chart.scenario === scenario.name)
    .map((chart) => `![${chart.title}](${link(fileOf(chart))})`);
  return [
    `### ${scenario.title}`,
    `${scenario.about} (\`${scenario.name}\` in the JSON${anew(result)})`,
    ...pictures,
    tableOf(scenario, result, peers),
  ];
}

function anew({ update }: ScenarioResult): string {
  return update === undefined ? "" : `; measured anew, at commit ${update.commit ?? "unknown"}`;
}

function machineText({ machine, startedAt, commit, budget, scenarios }: SuiteResult, source: string): string {
  const { cpu, cores, memoryGiB, system, node, load, busyBefore } = machine;
  const others = spread(
    scenarios.flatMap(({ points }) =>
      points.flatMap((point) =>
        Object.values(point.peers).flatMap(({ rounds }) => rounds.map(({ disturbance }) => disturbance)),
      ),
    ),
  ).median;
  const isLoud = busyBefore > quietLimit || others > quietLimit;
  const measured = commit === undefined ? startedAt.slice(0, 10) : `${startedAt.slice(0, 10)}, commit ${commit}`;
  const seconds = (ms: number) => `${ms / 1000} s`;
  return [
    `${measured}. ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node.js ${node};`,
    `load average ${load.join(", ")} at the start. ${budget.rounds} rounds of ${seconds(budget.measureMs)}, each after`,
    `${seconds(budget.warmMs)} of warm-up. Other programs used ${Math.round(others * 100)} % of the machine meanwhile.`,
    `All results: ${source}.`,
    ...(isLoud ? ["", "**The machine was not quiet: these figures are worth little, the ratios more.**"] : []),
  ].join("\n");
}

function versionsTable({ peers }: SuiteResult): string {
  const rows = peers.map(({ title, version, missing }) => `| ${title} | ${version ?? `missing here: ${missing}`} |`);
  return ["| peer | made of |", "|---|---|", ...rows].join("\n");
}
