import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Budget, PointResult, ScenarioResult, SuiteResult } from "../figures/results.js";
import { quietLimit } from "../figures/results.js";
import { spread } from "../figures/stats.js";
import { scenarios } from "../scenarios/index.js";
import type { Scenario } from "../scenarios/scenario.js";
import type { Suite } from "../suite.js";
import { charts, drawChart, fileOf } from "./charts.js";
import { markdown, tableOf } from "./tables.js";
import { verdict } from "./verdict.js";
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
  writeFileSync(file, [...beginning(results), ...sections].join("\n\n").concat("\n"));
}

/** The beginning of the report: who wins where, if that was measured, and what the figures mean. */
function beginning(results: readonly SuiteResult[]): string[] {
  const rpc = results.find(({ suite }) => suite === "rpc");
  const lines = rpc === undefined ? "" : verdict(rpc);
  return [head, ...(lines === "" ? [] : [`## What wins where\n\n${lines}`]), method];
}

const head = `# Performance

\`npm run bench\` writes this page. Do not edit it. Every figure comes from the JSON file that its section names.`;

const method = `## How to read this

Each peer consists of a server process and a client process on the same machine, which are connected by one Unix socket
unless the peer's name says otherwise. All peers do the same work. They take turns, one pair of processes at a time, for
several rounds.

Each round has new processes. «First second» is what they do in the second that begins with their first call: the time
in which compilers of JavaScript are still at work. Then follow windows of a fraction of a second, until the rates of
three successive ones agree, and only then the run whose figures are shown first. If the rates do not agree in time, a
mark says so. Every peer is configured as its documentation advises for speed, and the table of peers says how. Where
that is a choice, as the number of threads, the choices are separate peers.

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
pause: a slow server is then asked less often, and a stall counts for the calls that are outstanding, but not for those
that were not made meanwhile. «Calls at a given rate» has neither of these faults: it starts calls on a schedule, and
counts a latency from the moment at which the call is due. Its clients in JavaScript, Rust and C do not sleep while
calls are due, since timers there are late by up to a millisecond; the client in Go is woken by a timer of the kernel.

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
  { suite, budget, scenarios: measured }: SuiteResult,
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
    `${wrapped(scenario.about)}\n${sourceOf(result, budget)}`,
    ...pictures,
    tableOf(scenario, result, peers),
  ];
}

/** Names the scenario in the JSON, and the commit if it was measured later than the rest of the suite. */
function sourceOf({ name, update, points }: ScenarioResult, suiteBudget: Budget): string {
  const later = update === undefined ? "" : ` It was measured again at commit ${update.commit ?? "unknown"}.`;
  const budget = update?.budget ?? suiteBudget;
  const rounds = update?.budget === undefined ? "" : ` ${roundsText(update.budget)}`;
  const isCold = budget.settle === undefined && budget.warmMs > 0;
  const caution = isCold && isLasting(points) ? ` ${coldText(budget)}` : "";
  return wrapped(`In the JSON, the scenario is \`${name}\`.${later}${rounds}${caution}`);
}

/** Returns whether a scenario has rates, for which it matters how warm programs are. */
function isLasting(points: readonly PointResult[]): boolean {
  return points.some(({ work }) => work.kind !== "hold" && work.kind !== "first-call" && work.kind !== "import");
}

function coldText({ warmMs }: Budget): string {
  return `The warm-up was ${seconds(warmMs)}, after which programs in JavaScript are not yet at their full speed.`;
}

function roundsText(budget: Budget): string {
  return `There were ${budget.rounds} rounds of ${seconds(budget.measureMs)}, each after ${warmUpText(budget)}.`;
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
    roundsText(budget),
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
  const isConfigured = peers.some(({ configuration }) => configuration !== undefined);
  const rows = peers.map(({ title, version, missing, configuration = "" }) => [
    title,
    version ?? `missing here: ${missing}`,
    ...(isConfigured ? [configuration] : []),
  ]);
  return markdown(["peer", "made of", ...(isConfigured ? ["configuration"] : [])], rows, []);
}
