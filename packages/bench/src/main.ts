/**
 * `npm run bench` measures every peer with the same work, side by side.
 *
 * suite.ts, scenarios/ and peers/ define what is compared. contract/ defines what the programs of all peers are told
 * and answer, program/ and load/ are shared by the programs in JavaScript. run/ starts the programs, one server and one
 * client at a time, and measures. figures/ and report/ turn measurements into figures, tables and charts.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Budget, type Machine, quietLimit } from "./figures/results.js";
import { type Options, parseOptions, usage } from "./options.js";
import { peers } from "./peers/index.js";
import { root } from "./peers/toolchain.js";
import { writeReadmeTable } from "./report/readme.js";
import { writeReport } from "./report/report.js";
import { printScenario } from "./report/terminal.js";
import { describeMachine } from "./run/machine.js";
import { clock } from "./run/progress.js";
import { assertUpdatable, readResults, updated, writeResults } from "./run/results-file.js";
import { runSuite } from "./run/run-suite.js";
import { scenarios } from "./scenarios/index.js";
import { suites } from "./suite.js";

const full: Budget = {
  rounds: 5,
  warmMs: 1_000,
  settle: { windowMs: 200, tolerance: 0.05, maxWindows: 40 },
  measureMs: 1_200,
  atOnce: 1,
};
const core: Budget = { ...full, rounds: 3 };
const quick: Budget = { rounds: 1, warmMs: 20, measureMs: 50, atOnce: 2 };
const resultsFolder = join(root, "packages/bench/results");
const reportFile = join(root, "docs/reports/performance.md");
const readmeFile = join(root, "README.md");

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error && !(error instanceof TypeError) ? error.message : error);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  switch (options.task) {
    case "help":
      return console.log(usage);
    case "list":
      return list();
    case "report":
      return writeReports(resultsFolder, reportFile);
    case "run":
      return run(options);
  }
}

async function run(options: Options): Promise<void> {
  const startedAt = performance.now();
  const machine = await describeMachine();
  printMachine(machine);
  const budget = {
    ...(options.isQuick ? quick : options.isCore ? core : full),
    ...(options.rounds && { rounds: options.rounds }),
  };
  const folder = options.isQuick && options.isWhole ? mkdtempSync(join(tmpdir(), "vyra-bench-report-")) : resultsFolder;
  const results = [];
  for (const suite of options.suites) {
    const file = join(folder, `${suite}.json`);
    const isUpdate = options.isUpdate && options.scenarios.some((scenario) => scenario.suite === suite);
    if (isUpdate) {
      assertUpdatable(readResults(file), machine);
    }
    console.log(`\n${suite}`);
    const result = await runSuite(suite, options, machine, budget, printScenario);
    results.push(result);
    if (options.isWhole) {
      writeResults(file, result);
    } else if (isUpdate) {
      writeResults(file, updated(readResults(file), result));
    }
  }
  if (options.isWhole || options.isUpdate) {
    writeReports(folder, options.isQuick ? join(folder, "performance.md") : reportFile);
  }
  if (options.json !== undefined) {
    writeResults(options.json, results);
  }
  console.log(`\n${clock(performance.now() - startedAt)} min in all`);
  const failures = results.flatMap(({ scenarios }) =>
    scenarios.flatMap(({ name, points }) =>
      points.flatMap((point) =>
        Object.entries(point.peers).flatMap(([peer, { failure }]) => (failure ? [`${name}, ${peer}: ${failure}`] : [])),
      ),
    ),
  );
  for (const failure of failures) {
    console.error(`failed: ${failure}`);
  }
  process.exitCode = failures.length > 0 ? 1 : 0;
}

/** Writes the reports of all suites that have results in the folder. */
function writeReports(folder: string, file: string): void {
  const results = ["rpc", "mixed", "instructions", "http2", "import"].map((suite) =>
    readResults(join(folder, `${suite}.json`)),
  );
  writeReport(
    file,
    folder,
    results.filter((result) => result !== undefined),
  );
  const [rpc] = results;
  if (file === reportFile && rpc !== undefined) {
    writeReadmeTable(readmeFile, rpc);
  }
  console.log(`\nwritten: ${file}`);
}

function printMachine(machine: Machine): void {
  const { cpu, cores, memoryGiB, system, node, load, busyBefore } = machine;
  console.log(`${cpu}, ${cores} cores, ${memoryGiB} GiB; ${system}; Node.js ${node}; load ${load.join(" ")}`);
  if (busyBefore > quietLimit) {
    const part = Math.round(busyBefore * 100);
    console.warn(
      `This machine is not quiet: ${part} % of it was busy before the run. Figures are worth little, ratios more.`,
    );
  }
}

function list(): void {
  for (const suite of suites) {
    console.log(suite);
    for (const { name, title } of scenarios.filter((each) => each.suite === suite)) {
      console.log(`  --scenario ${name.padEnd(20)} ${title}`);
    }
    for (const { name, title } of peers.filter((each) => each.suite === suite)) {
      console.log(`  --peer ${name.padEnd(20)} ${title}`);
    }
  }
}
