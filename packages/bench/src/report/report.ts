import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Budget, ScenarioResult, SuiteResult } from "../figures/results.js";
import { quietLimit } from "../figures/results.js";
import { spread } from "../figures/stats.js";
import { scenarios } from "../scenarios/index.js";
import type { Scenario } from "../scenarios/scenario.js";
import type { Suite } from "../suite.js";
import { charts, drawChart, fileOf } from "./charts.js";
import { tableOf } from "./tables.js";
import { wrapped } from "./wrapped.js";

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

\`npm run bench\` writes this page. Do not edit it. Every figure comes from the JSON file that its section names.

## How to read this

Each peer consists of a server process and a client process on the same machine, which are connected by one Unix socket
unless the peer's name says otherwise. All peers do the same work. They take turns, one pair of processes at a time, for
several rounds. Each round has new processes, which warm up before they are measured.

A figure is the median of the rounds. The small figures after it are the quartiles. «× js-limit» is the ratio of the
first column to that of the peer \`js-limit\`: it is computed in each round, since whatever disturbs a round disturbs
both, and the median of these ratios is shown. Higher rates, shorter times and less memory are better.

Three peers are yardsticks: they send the same messages with no protocol except for a length. The kernel's limits are
programs in C that neither encode nor parse messages. \`kernel-limit\` sleeps until data arrives, and
\`kernel-limit-busy\` asks the kernel again and again, which takes a whole core for each side. \`js-limit\` is what a
bare socket and protobuf-es allow, without promises, and with one write per turn of the event loop. A peer can exceed
it: @vyra/ipc has its own code for encoding and parsing messages, and starts to write a batch before its turn is over.
If that saves more than HTTP/2 costs, the ratio is above 1.

CPU is the processor time of a process, user and system, divided by the number of calls, messages or exchanges. Client
and server share the cores of the machine, so with many calls outstanding, the side that costs more determines the rate.
A latency is the time from a call to its response. It is measured in the client while calls follow each other without
pause.

Instructions are those that all threads of a process execute in user mode, counted by Valgrind's callgrind. Other
programs on the machine do not change them. They exclude the work of the kernel. They include the work of the JavaScript
compiler if JavaScript takes long to warm up.

Absolute figures from different machines cannot be compared. Ratios mostly can.
\`npm run bench\` measures your machine.`;

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
    `${wrapped(scenario.about)}\n${sourceOf(result)}`,
    ...pictures,
    tableOf(scenario, result, peers),
  ];
}

/** Names the scenario in the JSON, and the commit if it was measured later than the rest of the suite. */
function sourceOf({ name, update }: ScenarioResult): string {
  const later = update === undefined ? "" : ` It was measured again at commit ${update.commit ?? "unknown"}.`;
  return `In the JSON, the scenario is \`${name}\`.${later}`;
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
  const where = commit === undefined ? "" : ` at commit ${commit}`;
  const text = [
    `The suite was measured on ${startedAt.slice(0, 10)}${where}.`,
    `The machine has ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system} and Node.js ${node}.`,
    `Its load average was ${load.join(", ")} at the start.`,
    `There were ${budget.rounds} rounds of ${seconds(budget.measureMs)}, each after ${warmUpText(budget)}.`,
    `Other programs used ${Math.round(others * 100)} % of the machine meanwhile.`,
    `All results are in ${source}.`,
  ];
  const warning = "**The machine was not quiet. The figures are therefore unreliable. The ratios are more reliable.**";
  return [wrapped(text.join(" ")), ...(isLoud ? [warning] : [])].join("\n\n");
}

function warmUpText({ warmMs, settle }: Budget): string {
  if (settle === undefined) {
    return `${seconds(warmMs)} of warm-up`;
  }
  const { windowMs, tolerance, maxWindows } = settle;
  const longest = seconds(warmMs + windowMs * maxWindows);
  return (
    `a warm-up of ${seconds(warmMs)} and then windows of ${seconds(windowMs)}, until the rates of three of them ` +
    `agreed within ${tolerance * 100} %, or ${longest} were over`
  );
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

function versionsTable({ peers }: SuiteResult): string {
  const rows = peers.map(({ title, version, missing }) => `| ${title} | ${version ?? `missing here: ${missing}`} |`);
  return ["| peer | made of |", "|---|---|", ...rows].join("\n");
}
